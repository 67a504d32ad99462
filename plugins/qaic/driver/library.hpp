/// libQAic.so, opened at run time: nothing of the SDK is needed to build.
#pragma once

#include <memory>
#include <string>

#include "qaic_api.h"

namespace tessera::qaic {

/// Which library: the first of these that is given.
struct LibraryChoice {
  std::string library;  ///< option `library`: a file
  std::string sdk;      ///< option `sdk`: a folder that holds dev/lib/<machine>/libQAic.so
  /// False: nobody named `sdk`, it is where an SDK would be; without the file there the loader searches.
  bool sdk_named = true;

  /// Somebody named a file or folder: that it is missing is then worth an error.
  bool named() const;
};

/// The driver's functions, one member each by its name: `library->qaicGetDeviceInfo(...)`. Loaded for the
/// life of the process (it has threads). Any thread.
class Library {
 public:
  /// The option `library`; else QAIC_LIB; else the folder of the SDK; without any, the loader's search for
  /// libQAic.so. One object for each file. Throws kNotFound (no such file, not found), kNotSupported (of
  /// another machine; damaged, with the loader's own text; which symbols are missing, all of them), kVersion.
  static std::shared_ptr<const Library> open(const LibraryChoice& choice);

  // NOLINTNEXTLINE(bugprone-macro-parentheses): a declaration takes none
#define TESSERA_QAIC_MEMBER(result, name, parameters) result(*name) parameters = nullptr;
  TESSERA_QAIC_FUNCTIONS(TESSERA_QAIC_MEMBER)
#undef TESSERA_QAIC_MEMBER

  const std::string& path() const {
    return path_;
  }
  uint16_t major() const {
    return major_;
  }
  uint16_t minor() const {
    return minor_;
  }
  const std::string& patch() const {
    return patch_;
  }
  const std::string& variant() const {
    return variant_;
  }  ///< "stand-in ..." of the one that is none
  bool stand_in() const {
    return variant_.rfind("stand-in", 0) == 0;
  }
  /// "libQAic 10.0 (/opt/...)"; the stand-in says what it is.
  std::string text() const;

 private:
  explicit Library(std::string path) : path_(std::move(path)) {}
  void load();
  void check_version();

  std::string path_, patch_, variant_;
  uint16_t major_ = 0, minor_ = 0;
};

}  // namespace tessera::qaic
