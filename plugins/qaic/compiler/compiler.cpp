#include "compiler.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <string_view>

#include "process.hpp"
#include "tessera/sdk/edit.hpp"
#include "tessera/sdk/error.hpp"

namespace tessera::qaic {
namespace {

constexpr const char* kName = "qaic-compile";
constexpr int kReportMs = 100;
constexpr size_t kMostText = 64 * 1024;  // of a failure's text that is kept
constexpr size_t kMostLines = 12;        // and told
constexpr std::chrono::seconds kVersionTime{10};

bool is_program(const std::string& path) {
  return !std::filesystem::is_directory(path) && access(path.c_str(), X_OK) == 0;
}

/// Candidates, best first.
std::vector<std::string> in_path() {
  std::vector<std::string> candidates;
  const char* path = std::getenv("PATH");
  std::string_view rest = path == nullptr ? "" : path;
  while (!rest.empty()) {
    const size_t colon = std::min(rest.find(':'), rest.size());
    if (colon > 0) candidates.push_back(std::string(rest.substr(0, colon)) + "/" + kName);
    rest.remove_prefix(std::min(colon + 1, rest.size()));
  }
  return candidates;
}

struct Places {
  std::vector<std::string> paths;  ///< in the order of the search, at least one
  std::string told;                ///< for people
};

/// The only list of places: who asks for a compiler and who writes its command line read the same one.
Places places_of(const CompilerChoice& choice) {
  if (!choice.compiler.empty()) return {{choice.compiler}, choice.compiler};
  const char* environment = std::getenv("QAIC_COMPILE");
  if (environment != nullptr && *environment != '\0') return {{environment}, environment};
  const std::string of_sdk = choice.sdk + "/exec/" + kName;
  if (choice.sdk_given) return {{of_sdk}, of_sdk};
  Places places{in_path(), "PATH, " + of_sdk};
  places.paths.push_back(of_sdk);
  return places;
}

std::string last_lines(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.remove_suffix(1);
  size_t begin = text.size();
  for (size_t lines = 0; begin > 0; --begin)
    if (text[begin - 1] == '\n' && ++lines == kMostLines) break;
  return std::string(text.substr(begin));
}

/// The longest name of a node that the text says as a whole word; null when it names none.
const graph::Node* named_node(const graph::Graph& graph, std::string_view text) {
  const auto part_of_name = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '/' || c == '.';
  };
  const graph::Node* found = nullptr;
  for (const graph::Node& node : graph.nodes) {
    if (node.name.empty() || (found != nullptr && node.name.size() <= found->name.size())) continue;
    const size_t at = text.find(node.name);
    if (at == std::string_view::npos) continue;
    const size_t end = at + node.name.size();
    if ((at > 0 && part_of_name(text[at - 1])) ||
        (end < text.size() && part_of_name(text[end]) && text[end] != '.'))
      continue;
    found = &node;
  }
  return found;
}

/// What to do about a compiler that ended so.
const char* remedy_for(int status, bool disk_full) {
  if (disk_full) return "free some space: the folder for compilations needs a copy of the weights";
  if (status == -SIGXFSZ) return "raise the limit of file sizes (ulimit -f)";
  if (status < 0) return "look for lack of memory (dmesg), and compile again";
  return "the text is the compiler's own; --dry-run -o DIR keeps what it was given";
}

Error failure(const std::string& compiler, int status, const std::string& text, const graph::Model& model) {
  const std::string how = status < 0 ? fmt::format("was killed by signal {}", -status)
                                     : fmt::format("failed with exit code {}", status);
  const std::string lines = last_lines(text);
  const bool full = text.find("No space left on device") != std::string::npos;
  Error error(status < 0 || full ? ErrorCode::kIo : ErrorCode::kNotSupported,
              fmt::format("the compiler {}{}", how, lines.empty() ? " and said nothing" : ": " + lines));
  if (const graph::Node* node = named_node(model.graph, text))
    error = Error(error.code(), error.message())
                .node(fmt::format("{} ({})", graph::describe(*node), node->doc_string));
  return std::move(error).file(compiler).remedy(remedy_for(status, full));
}

}  // namespace

std::string find_compiler(const CompilerChoice& choice) {
  const Places places = places_of(choice);
  const auto found = std::find_if(places.paths.begin(), places.paths.end(), is_program);
  if (found != places.paths.end()) return *found;
  throw Error(ErrorCode::kNotFound, fmt::format("no QAic compiler: looked at {}", places.told))
      .key("compiler")
      .remedy("install the Apps SDK, or name qaic-compile by the option compiler or QAIC_COMPILE");
}

std::string compiler_of_command(const CompilerChoice& choice) {
  const Places places = places_of(choice);
  const auto found = std::find_if(places.paths.begin(), places.paths.end(), is_program);
  return found != places.paths.end() ? *found : places.paths.back();
}

std::string compiler_version(const std::string& compiler) {
  ChildProcess process({compiler, "-version-extended"});
  const auto deadline = std::chrono::steady_clock::now() + kVersionTime;
  std::string text;
  while (process.read(text, kReportMs)) {
    if (std::chrono::steady_clock::now() > deadline) return {};
  }
  if (process.wait() != 0) return {};
  return text.substr(0, text.find('\n'));
}

void run_compiler(const std::vector<std::string>& arguments, const std::string& output,
                  const graph::Model& model, const sdk::Progress& progress) {
  ChildProcess compiler(arguments);
  std::string text, line = "compiling";
  for (bool more = true; more;) {
    const size_t before = text.size();
    more = compiler.read(text, kReportMs);
    if (text.size() > before) {
      const std::string last = last_lines(text);
      line = last.substr(last.rfind('\n') == std::string::npos ? 0 : last.rfind('\n') + 1);
    }
    if (text.size() > 2 * kMostText) text.erase(0, text.size() - kMostText);
    progress.report(0, 0, line);  // throws when it shall stop; the destructor ends the compiler
  }
  const int status = compiler.wait();
  if (status != 0) throw failure(arguments[0], status, text, model);
  if (std::filesystem::is_regular_file(output)) return;
  throw Error(ErrorCode::kNotSupported, fmt::format("the compiler ended well but left no program{}",
                                                    text.empty() ? "" : ": " + last_lines(text)))
      .file(output);
}

}  // namespace tessera::qaic
