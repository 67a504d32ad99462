/// Receiving a struct from the other side, which may be older or newer than this header.
///
/// Older: its struct is shorter; what it lacks reads as zero. Newer: its struct is longer; in arguments the
/// part that we do not know must be zero, else the caller wants something that would be dropped silently.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>

#include "tessera/abi.h"
#include "tessera/sdk/error.hpp"
#include "tessera/sdk/status.hpp"

namespace tessera::sdk {

/// Size of a struct in the first draft: what every peer has at least. A struct that grows keeps its number
/// here.
template <class T>
inline constexpr uint32_t kFirstSize = 0;
template <>
inline constexpr uint32_t kFirstSize<tsr_buffer> = 40;
template <>
inline constexpr uint32_t kFirstSize<tsr_diag> = 128;
template <>
inline constexpr uint32_t kFirstSize<tsr_ext> = 32;
template <>
inline constexpr uint32_t kFirstSize<tsr_value> = 64;
template <>
inline constexpr uint32_t kFirstSize<tsr_option_info> = 56;
template <>
inline constexpr uint32_t kFirstSize<tsr_progress> = 24;
template <>
inline constexpr uint32_t kFirstSize<tsr_host> = 56;
template <>
inline constexpr uint32_t kFirstSize<tsr_offer> = 16;
template <>
inline constexpr uint32_t kFirstSize<tsr_weight> = 72;
template <>
inline constexpr uint32_t kFirstSize<tsr_weights> = 48;
template <>
inline constexpr uint32_t kFirstSize<tsr_tensor> = 56;
template <>
inline constexpr uint32_t kFirstSize<tsr_recognise_args> = 32;
template <>
inline constexpr uint32_t kFirstSize<tsr_recognise_result> = 48;
template <>
inline constexpr uint32_t kFirstSize<tsr_build_args> = 80;
template <>
inline constexpr uint32_t kFirstSize<tsr_architecture> = 88;
template <>
inline constexpr uint32_t kFirstSize<tsr_transform_args> = 80;
template <>
inline constexpr uint32_t kFirstSize<tsr_transform> = 80;
template <>
inline constexpr uint32_t kFirstSize<tsr_compile_args> = 80;
template <>
inline constexpr uint32_t kFirstSize<tsr_session_args> = 48;
template <>
inline constexpr uint32_t kFirstSize<tsr_run_args> = 48;
template <>
inline constexpr uint32_t kFirstSize<tsr_backend> = 136;
template <>
inline constexpr uint32_t kFirstSize<tsr_slots_v1> = 32;
template <>
inline constexpr uint32_t kFirstSize<tsr_plugin> = 152;

inline constexpr uint32_t kLargestStruct =
    64 * 1024;  ///< a larger struct_size is a mistake, not a newer peer

/// Throws kVersion when `struct_size` of the struct called `name` cannot be right. Null is kMisuse.
template <class T>
void check_size(const T* from, const char* name) {
  static_assert(kFirstSize<T> > 0, "write the first size of this struct above");
  if (from == nullptr) throw Error(ErrorCode::kMisuse, std::string(name) + " is null");
  const uint32_t size = from->struct_size;
  if (size >= kFirstSize<T> && size <= kLargestStruct) return;
  throw Error(ErrorCode::kVersion, std::string(name) + " has struct_size " + std::to_string(size) +
                                       ", expected " + std::to_string(kFirstSize<T>) + " to " +
                                       std::to_string(kLargestStruct))
      .remedy("build both sides with the same tessera/abi.h");
}

/// A table or descriptor of the other side: members that it lacks are zero, an unknown tail is ignored.
template <class T>
T receive_table(const T* from, const char* name) {
  check_size(from, name);
  T copy{};
  std::memcpy(&copy, from, std::min<size_t>(from->struct_size, sizeof(T)));
  return copy;
}

/// Throws kVersion when the chain holds an extension that must be obeyed; those that may be skipped are. This
/// version of the SDK knows none.
inline void check_extensions(const tsr_ext* next) {
  constexpr int kLongestChain = 64;
  for (int length = 0; next != nullptr; next = next->next) {
    if (++length > kLongestChain)
      throw Error(ErrorCode::kMisuse, "the chain of extensions has more than 64 members");
    check_size(next, "tsr_ext");
    if (next->flags & TSR_EXT_REQUIRED)
      throw Error(ErrorCode::kVersion,
                  "extension '" + std::string(view(next->id)) + "' is required but not known")
          .remedy("update the plugin, or ask for less");
  }
}

namespace detail {

template <class T>
void check_tail(const T* from, const char* name) {
  const unsigned char* bytes = reinterpret_cast<const unsigned char*>(from);
  for (uint32_t i = sizeof(T); i < from->struct_size; ++i)
    if (bytes[i] != 0)
      throw Error(ErrorCode::kVersion, std::string(name) + " asks for something newer: byte " +
                                           std::to_string(i) + " is not zero, and only " +
                                           std::to_string(sizeof(T)) + " bytes are known here")
          .remedy("update the plugin");
}

template <class T>
auto check_reserved(const T& args, const char* name, int) -> decltype(args.reserved, void()) {
  if (args.reserved != 0)
    throw Error(ErrorCode::kVersion, std::string(name) + " has a reserved member that is not zero")
        .remedy("update the plugin");
}
template <class T>
void check_reserved(const T&, const char*, long) {}

}  // namespace detail

/// Arguments from the other side: members that it lacks are zero, wishes that we cannot see are refused
/// (kVersion).
template <class T>
T receive_arguments(const T* from, const char* name) {
  check_size(from, name);
  detail::check_tail(from, name);
  T copy{};
  std::memcpy(&copy, from, std::min<size_t>(from->struct_size, sizeof(T)));
  detail::check_reserved(copy, name, 0);
  check_extensions(copy.next);
  return copy;
}

/// Fills an out-struct of the receiver's size; what the receiver does not have is not written.
template <class T>
void fill(T* out, T value, const char* name) {
  check_size(out, name);
  value.struct_size = out->struct_size;
  std::memcpy(out, &value, std::min<size_t>(out->struct_size, sizeof(T)));
}

}  // namespace tessera::sdk
