// Model files from anywhere: XGBoost's JSON and UBJ, and our own model files around them. Whatever
// the bytes, the loader answers with a model or an error; what it accepts can be evaluated.
#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "models/loader/tree_loader.h"
#include "models/model_file.h"
#include "models/tree_eval.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pinstripe;
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  if (const auto trees = parse_tree_model(bytes, "fuzz"); trees && trees->features <= 256) {
    TreeEvaluator evaluator(*trees);
    const std::vector<float> row(evaluator.features(), 0.5F);
    (void)evaluator.margin(row);
  }
  if (const auto model = parse_model(bytes, "fuzz"); model) {
    const auto again = model_text(*model);
    if (!again || !parse_model(*again, "fuzz again")) __builtin_trap();
  }
  return 0;
}
