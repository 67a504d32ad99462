#include "library.hpp"

#include <dlfcn.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/utsname.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <mutex>
#include <vector>

#include "elf_machine.hpp"
#include "status.hpp"

namespace tessera::qaic {
namespace {

constexpr const char* kDefaultName = "libQAic.so";
constexpr const char* kRemedy =
    "install the Platform SDK, or name the library by QAIC_LIB or the option library; without a card the "
    "stand-in's "
    "folder can be named by the option sdk";

std::string machine() {
  utsname system{};
  uname(&system);
  return system.machine;
}

std::string of_environment() {
  const char* environment = std::getenv("QAIC_LIB");
  return environment == nullptr ? "" : environment;
}

std::string chosen_path(const LibraryChoice& choice) {
  if (!choice.library.empty()) return choice.library;
  if (std::string path = of_environment(); !path.empty()) return path;
  if (choice.sdk.empty()) return kDefaultName;
  std::string path = choice.sdk + "/dev/lib/" + machine() + "/" + kDefaultName;
  return choice.sdk_named || std::filesystem::exists(path) ? path : kDefaultName;
}

bool is_known(int major, int minor) {
  return major == TESSERA_QAIC_MAJOR && minor >= TESSERA_QAIC_MINOR;
}

void check_exists(const std::string& path) {
  if (path.find('/') == std::string::npos || std::filesystem::exists(path)) return;
  throw Error(ErrorCode::kNotFound, "no Cloud AI 100 driver library there").file(path).remedy(kRemedy);
}

/// The loader's own words for this are "no such file".
void check_machine(const std::string& path) {
  const auto machine = elf_machine(path), own = own_elf_machine();
  if (!machine || !own || *machine == *own) return;
  throw Error(ErrorCode::kNotSupported, fmt::format("the driver library is for {}, this program runs on {}",
                                                    elf_machine_name(*machine), elf_machine_name(*own)))
      .file(path)
      .remedy("name the library of this machine: the SDK has one in dev/lib/<machine>");
}

}  // namespace

bool LibraryChoice::named() const {
  return !library.empty() || !of_environment().empty() || (!sdk.empty() && sdk_named);
}

std::shared_ptr<const Library> Library::open(const LibraryChoice& choice) {
  static std::mutex mutex;
  static auto& opened = *new std::map<std::string, std::shared_ptr<const Library>>;
  const std::string path = chosen_path(choice);
  const std::lock_guard<std::mutex> lock(mutex);
  std::shared_ptr<const Library>& entry = opened[path];
  if (entry != nullptr) return entry;
  check_exists(path);
  check_machine(path);
  std::shared_ptr<Library> library(new Library(path));
  library->load();
  library->check_version();
  return entry = library;
}

void Library::load() {
  // Never closed: the driver has threads of its own.
  void* handle = dlopen(path_.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (handle == nullptr) {
    const bool searched = path_ == kDefaultName;
    throw Error(searched ? ErrorCode::kNotFound : ErrorCode::kNotSupported,
                fmt::format("cannot load the Cloud AI 100 driver library: {}", dlerror()))
        .file(path_)
        .remedy(kRemedy);
  }
  std::vector<std::string> missing;
  const auto find = [&](const char* name) {
    void* symbol = dlsym(handle, name);
    if (symbol == nullptr) missing.emplace_back(name);
    return symbol;
  };
// NOLINTBEGIN(bugprone-macro-parentheses): a type takes none
#define TESSERA_QAIC_LOAD(result, name, parameters) \
  name = reinterpret_cast<result(*) parameters>(find(#name));
  TESSERA_QAIC_FUNCTIONS(TESSERA_QAIC_LOAD)
// NOLINTEND(bugprone-macro-parentheses)
#undef TESSERA_QAIC_LOAD
  if (missing.empty()) return;
  throw Error(ErrorCode::kNotSupported, fmt::format("the library lacks {} of the driver's functions: {}",
                                                    missing.size(), fmt::join(missing, ", ")))
      .file(path_)
      .remedy("name libQAic.so of Platform SDK 1.20 or newer");
}

void Library::check_version() {
  const char *patch = nullptr, *variant = nullptr;
  check(qaicGetAicVersion(&major_, &minor_, &patch, &variant), "qaicGetAicVersion");
  patch_ = patch == nullptr ? "" : patch;
  variant_ = variant == nullptr ? "" : variant;
  if (is_known(major_, minor_)) return;
  throw Error(ErrorCode::kVersion,
              fmt::format("the driver library has version {}.{}, this program knows {}.{} and newer of {}",
                          major_, minor_, TESSERA_QAIC_MAJOR, TESSERA_QAIC_MINOR, TESSERA_QAIC_MAJOR))
      .file(path_)
      .remedy("use the Platform SDK that this program was made for");
}

std::string Library::text() const {
  return fmt::format("{} {}.{} ({})", stand_in() ? "STAND-IN, no card, libQAic" : "libQAic", major_, minor_,
                     path_);
}

}  // namespace tessera::qaic
