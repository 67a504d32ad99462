#include "cli/core_split.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <string>

#include "tessera/sdk/error.hpp"

namespace tessera::cli {
namespace {

constexpr const char* kNumCores = "num-cores";
constexpr int64_t kDraftOf16 = 5;

bool is_num_cores(const std::pair<std::string, std::string>& option) {
  return option.first == kNumCores || option.first == "num_cores";
}

/// 0 for what is no number: the backend says so itself.
int64_t number(const std::string& text) {
  int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

int64_t given_cores(const CompileOptions& options) {
  const auto& list = options.backend_options;
  const auto given = std::find_if(list.begin(), list.end(), is_num_cores);
  return given == list.end() ? options.num_cores : number(given->second);
}

}  // namespace

std::optional<CoreSplit> core_split(const CompileOptions& target, const std::vector<OptionInfo>& declared) {
  const auto cores =
      std::find_if(declared.begin(), declared.end(), [](const OptionInfo& o) { return o.name == kNumCores; });
  if (cores == declared.end()) return std::nullopt;
  const int64_t device = number(cores->default_text);
  const int64_t wanted = std::max<int64_t>(device * kDraftOf16 / 16, 1);
  const int64_t given = given_cores(target);
  if (given == 0) return CoreSplit{device, device - wanted, wanted};
  if (given < device) return CoreSplit{device, given, std::min(wanted, device - given)};
  throw Error(ErrorCode::kInvalidArgument,
              fmt::format("the target takes {} of the {} cores of a device: none is left for the draft model",
                          given, device))
      .key(kNumCores)
      .remedy(fmt::format("--num-cores {}, or leave it out", device - wanted));
}

CompileOptions with_cores(CompileOptions options, int64_t cores) {
  std::erase_if(options.backend_options, is_num_cores);
  options.num_cores = cores;
  return options;
}

}  // namespace tessera::cli
