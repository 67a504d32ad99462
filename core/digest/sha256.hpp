/// SHA-256 (FIPS 180-4): names contents, for receipts and caches.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace tessera {

/// One digest. One thread.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  void update(std::string_view bytes);
  /// 64 lower-case hexadecimal digits. The last call.
  std::string finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

std::string sha256(std::string_view bytes);

/// Of a file's bytes, read in pieces. Throws Error kNotFound or kIo.
std::string sha256_of_file(const std::filesystem::path& file);

}  // namespace tessera
