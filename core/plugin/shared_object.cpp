#define BOOST_DLL_USE_STD_FS
#include "core/plugin/shared_object.hpp"

#include <dlfcn.h>

#include <boost/dll/shared_library.hpp>
#include <string>
#include <string_view>

#include "tessera/sdk/error.hpp"

namespace tessera::plugin {
namespace {

/// What helps against a failure of dlopen, by its text.
const char* remedy_of(std::string_view text) {
  const auto says = [&](std::string_view part) { return text.find(part) != std::string_view::npos; };
  if (says("GLIBCXX_") || says("CXXABI_") || says("GLIBC_"))
    return "build the plugin on the baseline (Debian 12: glibc 2.36, GCC 12), or link libstdc++ statically "
           "with hidden "
           "symbols";
  if (says("static TLS block"))
    return "build the plugin with -ftls-model=global-dynamic; a dependency such as jemalloc or libgomp must "
           "be loaded "
           "first (LD_PRELOAD)";
  if (says("undefined symbol"))
    return "link the plugin with -Wl,--no-undefined and name the library that is missing";
  if (says("cannot open shared object file")) return "install the library that the plugin needs";
  return "see what the dynamic loader says above; ldd shows what the plugin needs";
}

/// Boost.DLL wraps dlerror: "boost::dll::shared_library::load() failed (dlerror system message: TEXT): ...".
std::string loader_text(const std::string& what) {
  constexpr std::string_view kBefore = "dlerror system message: ";
  const size_t begin = what.find(kBefore);
  if (begin == std::string::npos) return what;
  const size_t end = what.rfind("): ");
  const size_t from = begin + kBefore.size();
  return what.substr(from, end == std::string::npos || end < from ? std::string::npos : end - from);
}

}  // namespace

tsr_plugin_entry load_entry(const std::filesystem::path& path) {
  namespace dll = boost::dll;
  try {
    dll::shared_library library(path, dll::load_mode::rtld_now | dll::load_mode::rtld_local);
    // Boost.DLL closes in its destructor; a second handle that may not be deleted keeps the library mapped.
    if (::dlopen(path.c_str(), RTLD_NOW | RTLD_NOLOAD | RTLD_NODELETE) == nullptr)
      throw Error(ErrorCode::kInternal, "the plugin could not be pinned in memory").file(path.native());
    return library.get<const tsr_plugin*(const tsr_offer*, tsr_status**)>(TSR_ENTRY_SYMBOL);
  } catch (const dll::fs::system_error& error) {
    const std::string text = loader_text(error.what());
    throw Error(ErrorCode::kNotSupported, "the dynamic loader refuses the plugin: " + text)
        .file(path.native())
        .remedy(remedy_of(text));
  }
}

}  // namespace tessera::plugin
