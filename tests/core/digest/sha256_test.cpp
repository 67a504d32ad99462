#include "core/digest/sha256.hpp"

#include <gtest/gtest.h>

#include "tessera/sdk/error.hpp"
#include "tests/temporary_folder.hpp"

namespace tessera {
namespace {

// FIPS 180-4, examples of NIST.
TEST(Sha256, KnownAnswers) {
  EXPECT_EQ(sha256(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256(std::string(1000000, 'a')),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, PiecesAndFilesAreTheWhole) {
  const std::string text(2500000, 'x');
  Sha256 digest;
  digest.update(std::string_view(text).substr(0, 1));
  digest.update(std::string_view(text).substr(1));
  EXPECT_EQ(digest.finish(), sha256(text));
  const test::TemporaryFolder folder;
  EXPECT_EQ(sha256_of_file(folder.write("x", text)), sha256(text));
}

TEST(Sha256, AMissingFileIsNamed) {
  try {
    sha256_of_file("/no/such/file");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kNotFound);
    EXPECT_EQ(error.file_name(), "/no/such/file");
  }
}

}  // namespace
}  // namespace tessera
