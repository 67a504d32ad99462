/// The one exception type of Tessera, used by the host, by plugins in C++ and by the public API.
///
/// An error is a small story with a way out: what is wrong, where (file, node, key, byte), what was being
/// done, what to do about it. Context is added on the way up, never replaced.
#pragma once

#include <cstdint>
#include <exception>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tessera {

/// What kind of failure; the numbers are the status codes of the C ABI (`TSR_*` in tessera/abi.h).
enum class ErrorCode : int32_t {
  kInvalidArgument = 1,   ///< the caller asked for something that makes no sense
  kNotSupported = 2,      ///< valid, but this component cannot do it
  kNotFound = 3,          ///< a file, folder, tensor, key or plugin is missing
  kCorruptData = 4,       ///< bytes that break their format's rules
  kOutOfMemory = 5,       ///< no memory, no free tokens, no room on the disk
  kBusy = 6,              ///< try again later
  kCancelled = 7,         ///< stopped on request
  kDeadlineExceeded = 8,  ///< took longer than allowed
  kDeviceLost = 9,        ///< the device or its driver is gone
  kVersion = 10,          ///< the two sides speak different versions
  kMisuse = 11,           ///< an API rule was broken
  kInternal = 12,         ///< a defect of this program or of a plugin
  kIo = 13,               ///< the operating system failed a read or write
};

/// Thrown for every failure. Build it fluently:
/// `throw Error(ErrorCode::kCorruptData, "header is 9 bytes, file ends at 4").file(path).remedy("download it
/// again");`
class Error : public std::exception {
 public:
  Error(ErrorCode code, std::string message) : code_(code), message_(std::move(message)) {}

  // Provenance and remedy; an empty text means "not known". Each setter keeps an already known value.
  Error&& file(std::string_view path) && { return std::move(set(file_, path)); }
  Error&& node(std::string_view name) && { return std::move(set(node_, name)); }
  Error&& key(std::string_view key) && { return std::move(set(key_, key)); }
  Error&& remedy(std::string_view text) && { return std::move(set(remedy_, text)); }
  Error&& offset(uint64_t bytes) && {
    offset_ = bytes;
    return std::move(*this);
  }
  /// What was being done, innermost first: "building 'layers.3/attention' (plugin llama 0.3)".
  Error&& during(std::string text) && {
    context_.push_back(std::move(text));
    return std::move(*this);
  }
  // The same for an error that is caught by reference on its way up.
  void add_file(std::string_view path) { set(file_, path); }
  /// A file that is named relative to this folder, as plugins name those of a model, gets its path.
  void add_folder(std::string_view folder) {
    if (!file_.empty() && file_.front() != '/') file_ = std::string(folder) + "/" + file_;
  }
  void add_node(std::string_view name) { set(node_, name); }
  void add_key(std::string_view key) { set(key_, key); }
  void add_offset(uint64_t bytes) {
    if (offset_ == UINT64_MAX) offset_ = bytes;
  }
  void add_remedy(std::string_view text) { set(remedy_, text); }
  void add_context(std::string text) { context_.push_back(std::move(text)); }

  ErrorCode code() const noexcept { return code_; }
  const char* what() const noexcept override { return message_.c_str(); }
  const std::string& message() const noexcept { return message_; }
  const std::string& file_name() const noexcept { return file_; }
  const std::string& node_name() const noexcept { return node_; }
  const std::string& key_name() const noexcept { return key_; }
  const std::string& remedy_text() const noexcept { return remedy_; }
  uint64_t byte_offset() const noexcept { return offset_; }  ///< UINT64_MAX: not known
  const std::vector<std::string>& context() const noexcept { return context_; }

 private:
  Error& set(std::string& field, std::string_view value) {
    if (field.empty()) field = value;
    return *this;
  }

  ErrorCode code_;
  std::string message_, file_, node_, key_, remedy_;
  uint64_t offset_ = UINT64_MAX;
  std::vector<std::string> context_;
};

}  // namespace tessera
