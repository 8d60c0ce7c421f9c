#include "models/dense.h"

#include <Eigen/Core>

#include "shm/base/check.h"
#include "shm/base/math.h"

namespace pinstripe {

void standardise(std::span<const float> mean, std::span<const float> scale,
                 std::span<const float> row, std::span<float> z) noexcept {
  for (std::size_t i = 0; i < z.size(); ++i) {
    const float v = (row[i] - mean[i]) / scale[i];
    const float low = v < -kStandardisedMax ? -kStandardisedMax : v;
    const float both = low > kStandardisedMax ? kStandardisedMax : low;
    z[i] = both == both ? both : 0.0F;
  }
}

struct DenseNet::Weights {
  using Matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  using Vector = Eigen::VectorXf;
  struct Layer {
    Matrix weights;
    Vector bias;
    Vector output;
  };
  std::vector<Layer> layers;
  std::vector<float> mean, scale;
  std::vector<float> input;
  Isa isa = Isa::kPlain;
};

DenseNet::DenseNet(const ModelFile& model, Isa isa) : weights_(std::make_unique<Weights>()) {
  PINSTRIPE_CHECK(!model.layers.empty(), "the loader refuses a network without layers");
  weights_->isa = usable_isa(isa);
  weights_->mean = model.mean;
  weights_->scale = model.scale;
  weights_->input.assign(model.layers.front().inputs, 0.0F);
  for (const DenseLayer& from : model.layers) {
    Weights::Layer layer;
    layer.weights =
        Eigen::Map<const Weights::Matrix>(from.weights.data(), from.outputs, from.inputs);
    layer.bias = Eigen::Map<const Weights::Vector>(from.bias.data(), from.outputs);
    layer.output = Weights::Vector::Zero(from.outputs);
    weights_->layers.push_back(std::move(layer));
  }
}
DenseNet::~DenseNet() = default;
DenseNet::DenseNet(DenseNet&&) noexcept = default;
DenseNet& DenseNet::operator=(DenseNet&&) noexcept = default;

std::uint32_t DenseNet::features() const noexcept {
  return static_cast<std::uint32_t>(weights_->input.size());
}

float DenseNet::margin(std::span<const float> row) noexcept {
  PINSTRIPE_CHECK(row.size() == weights_->input.size(), "one value for each input of the model");
  standardise(weights_->mean, weights_->scale, row, weights_->input);
  const float* input = weights_->input.data();
  std::size_t width = weights_->input.size();
  const std::size_t last = weights_->layers.size() - 1;
  for (std::size_t l = 0; l <= last; ++l) {
    Weights::Layer& layer = weights_->layers[l];
    const auto outputs = static_cast<std::size_t>(layer.bias.size());
    for (std::size_t o = 0; o < outputs; ++o) {
      const float* weights = layer.weights.data() + o * width;
      const float sum = dot16(weights_->isa, weights, input, width) + layer.bias.data()[o];
      layer.output.data()[o] =
          l == last ? sum : static_cast<float>(tanh_fixed(static_cast<double>(sum)));
    }
    input = layer.output.data();
    width = outputs;
  }
  return input[0];
}

}  // namespace pinstripe
