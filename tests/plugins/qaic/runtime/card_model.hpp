/// Small checkpoints compiled by the stand-in compiler and run on the stand-in library.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/qaic/files/shapes.hpp"
#include "plugins/qaic/runtime/program.hpp"
#include "tests/temporary_folder.hpp"

namespace tessera::qaic {

/// Of llama-stories260k.
inline constexpr int64_t kVocab = 512;

/// The folder of the stand-in's SDK in this build tree.
std::string standin_sdk();
/// Text of a file of tests/golden.
std::string golden_text(const std::string& path);

/// How a model is compiled.
struct CardBuild {
  std::string model = "llama-stories260k";
  DecoderShapes shapes = {};
  std::vector<int64_t> encoder_lengths = {};  ///< not empty: an encoder
  int64_t encoder_batch = 1;
  std::string pooling = {};  ///< of an encoder; empty: none
  bool fp16 = false;
  bool mxfp6 = false, mxint8 = false;  ///< weights; states (with fp16)
  int64_t cores = 4;
  int64_t devices = 1;
};

/// Compiled once, in a folder of its own.
class CardModel {
 public:
  explicit CardModel(const CardBuild& build);
  std::string qpc() const { return (folder_ / "qpc" / "programqpc.bin").string(); }
  /// Runs on the stand-in.
  std::unique_ptr<CardProgram> program(RunSettings settings = {}) const;

 private:
  test::TemporaryFolder folder_;
};

/// A host that hears the log of a session.
sdk::Host test_host();

/// A decoder's session, and its calls.
class CardDecoder {
 public:
  CardDecoder(CardProgram& program, uint32_t slots, int64_t vocab);

  struct Row {
    std::vector<int64_t> ids;
    int64_t position;  ///< of the first id
    int64_t slot = 0;
  };
  /// One call of [rows, columns]; logits by row.
  std::vector<std::vector<float>> run(const std::vector<Row>& rows, int64_t columns);
  /// Prompt in chunks, then one token after the other.
  std::vector<int64_t> greedy(const std::vector<int64_t>& prompt, size_t tokens, int64_t chunk,
                              int64_t slot = 0);
  sdk::Session& session() { return *session_; }

 private:
  std::unique_ptr<sdk::Session> session_;
  int64_t vocab_;
};

int64_t argmax(const std::vector<float>& logits);

/// Orders of the stand-in while it lives: each a line.
class StandInScript {
 public:
  explicit StandInScript(std::string_view orders);
  ~StandInScript();

 private:
  test::TemporaryFolder folder_;
};

/// One output of an encoder's program for ids [rows, columns] without padding, as many of each as given.
std::vector<float> run_encoder(sdk::Session& session, const std::string& output, std::vector<int64_t> ids,
                               int64_t rows, std::vector<int64_t> output_dims);

}  // namespace tessera::qaic
