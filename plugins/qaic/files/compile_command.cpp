#include "plugins/qaic/files/compile_command.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "tessera/sdk/error.hpp"

namespace tessera::qaic {
namespace {

constexpr std::array<std::string_view, 12> kOwnOptions = {
    "aic-hw",         "aic-hw-version",      "m",
    "model",          "aic-num-cores",       "convert-to-fp16",
    "retained-state", "mxfp6-matmul",        "mdp-load-partition-config",
    "aic-binary-dir", "custom-IO-list-file", "network-specialization-config"};

std::string dashed(std::string name) {
  std::replace(name.begin(), name.end(), '_', '-');
  const size_t first = name.find_first_not_of('-');
  return first == std::string::npos ? std::string() : name.substr(first);
}

bool is_word(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
  });
}

std::string option_name(const std::string& given) {
  std::string name = dashed(given);
  if (!is_word(name)) {
    throw Error(ErrorCode::kInvalidArgument, fmt::format("'{}' is no name of a compiler option", given))
        .key(given);
  }
  if (std::find(kOwnOptions.begin(), kOwnOptions.end(), name) == kOwnOptions.end()) return name;
  throw Error(ErrorCode::kInvalidArgument, fmt::format("compiler option '{}' has a setting of its own", name))
      .key(given)
      .remedy("use that setting instead of passing the option through");
}

void add_if(std::vector<std::string>& arguments, bool wanted, const char* flag) {
  if (wanted) arguments.emplace_back(flag);
}
void add_path(std::vector<std::string>& arguments, const char* flag, const std::string& path) {
  if (!path.empty()) arguments.push_back(fmt::format("-{}={}", flag, path));
}

bool needs_quotes(const std::string& text) {
  return text.empty() || !std::all_of(text.begin(), text.end(), [](char c) {
           return is_word(std::string_view(&c, 1)) ||
                  std::string_view("_=./,:+@%").find(c) != std::string_view::npos;
         });
}

}  // namespace

std::vector<std::string> compile_arguments(const CompileCommand& command) {
  std::vector<std::string> arguments = {command.compiler, "-aic-hw",
                                        fmt::format("-aic-hw-version={}", command.hardware)};
  add_path(arguments, "m", command.model);
  if (!command.tensor_slicing) add_path(arguments, "mdp-load-partition-config", command.partitions);
  add_if(arguments, command.retained_state, "-retained-state");
  add_if(arguments, command.fp16, "-convert-to-fp16");
  add_if(arguments, command.mxfp6_matmul, "-mxfp6-matmul");
  arguments.push_back(fmt::format("-aic-num-cores={}", command.num_cores));
  for (const auto& [given, value] : command.options) {
    const std::string name = option_name(given);
    if (value == "false") continue;
    arguments.push_back(value == "true" || value.empty() ? "-" + name : fmt::format("-{}={}", name, value));
  }
  if (command.tensor_slicing) add_path(arguments, "mdp-load-partition-config", command.partitions);
  add_path(arguments, "network-specialization-config", command.specializations);
  add_path(arguments, "custom-IO-list-file", command.custom_io);
  add_path(arguments, "aic-binary-dir", command.binary_dir);
  return arguments;
}

std::string command_text(const std::vector<std::string>& arguments) {
  std::string text;
  for (const std::string& argument : arguments) {
    if (!text.empty()) text += ' ';
    if (!needs_quotes(argument)) {
      text += argument;
      continue;
    }
    text += '\'';
    for (const char c : argument) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
    text += '\'';
  }
  return text;
}

}  // namespace tessera::qaic
