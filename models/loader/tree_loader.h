// Reads XGBoost model files (1.7 to 3.x, JSON or UBJ) into a TreeModel. Not part of the stage.
#pragma once

#include <string>
#include <string_view>

#include "models/tree_model.h"
#include "shm/base/result.h"

namespace pinstripe {

/// Parses the bytes of a model file; JSON or UBJ is told from the bytes. `origin` names the source
/// in messages. Refused by name: DART and linear boosters, categorical splits, several outputs,
/// objectives other than squared error and the logistic ones, thresholds that are not finite.
Result<TreeModel> parse_tree_model(std::string_view bytes, const std::string& origin);
/// The same from a file.
Result<TreeModel> load_tree_model(const std::string& path);

}  // namespace pinstripe
