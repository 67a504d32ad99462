#include "script.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "tessera/sdk/error.hpp"

namespace tessera::qaic::standin {
namespace {

using Words = std::vector<std::string_view>;

Words words_of(std::string_view line) {
  Words words;
  line = line.substr(0, line.find('#'));
  while (true) {
    const size_t start = line.find_first_not_of(" \t\r");
    if (start == std::string_view::npos) return words;
    line.remove_prefix(start);
    const size_t length = std::min(line.find_first_of(" \t\r"), line.size());
    words.push_back(line.substr(0, length));
    line.remove_prefix(length);
  }
}

std::optional<uint64_t> number(std::string_view text) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value > 1'000'000) return std::nullopt;
  return value;
}

std::optional<QStatus> status(std::string_view name) {
  static const std::map<std::string_view, QStatus> kNames = {
      {"QS_PERM", QS_PERM},           {"QS_AGAIN", QS_AGAIN},       {"QS_NOMEM", QS_NOMEM},
      {"QS_BUSY", QS_BUSY},           {"QS_NODEV", QS_NODEV},       {"QS_INVAL", QS_INVAL},
      {"QS_NOSPC", QS_NOSPC},         {"QS_TIMEDOUT", QS_TIMEDOUT}, {"QS_UNSUPPORTED", QS_UNSUPPORTED},
      {"QS_DEV_ERROR", QS_DEV_ERROR}, {"QS_ERROR", QS_ERROR}};
  const auto found = kNames.find(name);
  if (found == kNames.end()) return std::nullopt;
  return found->second;
}

bool read_number(const Words& words, auto& target) {
  const auto value = words.size() == 2 ? number(words[1]) : std::nullopt;
  if (!value) return false;
  target = static_cast<std::remove_reference_t<decltype(target)>>(*value);
  return true;
}

bool read_device(const Words& words, Script& script) {
  const auto id = words.size() == 3 ? number(words[1]) : std::nullopt;
  if (!id || (words[2] != "initializing" && words[2] != "error")) return false;
  script.states[static_cast<QID>(*id)] = words[2] == "error" ? QDS_ERROR : QDS_INITIALIZING;
  return true;
}

bool read_fault(const Words& words, Script& script) {
  if (words.size() != 3 && (words.size() != 5 || words[3] != "at")) return false;
  const auto code = status(words[2]);
  const auto at = words.size() == 5 ? number(words[4]) : std::optional<uint64_t>(0);
  if (!code || !at) return false;
  script.faults.push_back({std::string(words[1]), *code, *at});
  return true;
}

bool read_reset(const Words& words, Script& script) {
  if (words.size() != 4 || words[2] != "at") return false;
  const auto device = number(words[1]), at = number(words[3]);
  if (!device || !at) return false;
  script.resets.push_back({static_cast<QID>(*device), *at});
  return true;
}

bool read_compile(const Words& words, Script& script) {
  if (words.size() == 2 && words[1] == "crash") return script.compile_crash = true;
  if (words.size() == 2 && words[1] == "silent") return script.compile_silent = true;
  if (words.size() == 2 && words[1] == "no-output") return script.compile_no_output = true;
  const auto value = words.size() == 3 ? number(words[2]) : std::nullopt;
  if (!value) return false;
  if (words[1] == "exit")
    script.compile_exit = static_cast<int>(*value);
  else if (words[1] == "sleep-ms")
    script.compile_sleep_ms = static_cast<int>(*value);
  else
    return false;
  return true;
}

bool read_order(const Words& words, Script& script) {
  const std::string_view order = words[0];
  if (order == "devices") return read_number(words, script.devices);
  if (order == "nsps") return read_number(words, script.nsps);
  if (order == "dram-mb") return read_number(words, script.dram_mb);
  if (order == "read-delay-ms") return read_number(words, script.read_delay_ms);
  if (order == "noise-ppm") return read_number(words, script.noise_ppm);
  if (order == "device") return read_device(words, script);
  if (order == "fail") return read_fault(words, script);
  if (order == "reset") return read_reset(words, script);
  if (order == "compile") return read_compile(words, script);
  return false;
}

}  // namespace

Script parse_script(std::string_view text) {
  Script script;
  for (size_t line_number = 1; !text.empty(); ++line_number) {
    const size_t end = std::min(text.find('\n'), text.size());
    const Words words = words_of(text.substr(0, end));
    if (!words.empty() && !read_order(words, script))
      throw Error(ErrorCode::kInvalidArgument,
                  fmt::format("line {} of the stand-in's script makes no sense: {}", line_number,
                              text.substr(0, end)));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return script;
}

std::string script_text() {
  const char* path = std::getenv("QAIC_STANDIN_SCRIPT");
  if (path == nullptr || *path == '\0') return {};
  std::ifstream file(path, std::ios::binary);
  if (!file) throw Error(ErrorCode::kNotFound, "cannot read the stand-in's script").file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace tessera::qaic::standin
