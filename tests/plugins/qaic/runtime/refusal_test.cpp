/// What goes wrong between the host and a card, each with the error that says so.
#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <functional>
#include <iterator>

#include "plugins/qaic/qpc/qpc.hpp"
#include "tessera/sdk/error.hpp"
#include "tests/plugins/qaic/runtime/card_model.hpp"

namespace tessera::qaic {
namespace {

const CardModel& model() {
  static const auto& compiled =
      *new CardModel({.shapes = {.prefill_seq_len = 8, .ctx_len = 32, .full_batch_size = 2}});
  return compiled;
}

Error refusal(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error;
  }
  return Error(ErrorCode::kInternal, "nothing was refused");
}

Error session_refusal(RunSettings settings = {}, const CardModel& compiled = model()) {
  return refusal([&] {
    const auto program = compiled.program(std::move(settings));
    program->create_session({1, 16, 1, {}});
  });
}

#define EXPECT_ERROR(error, expected_code, words)                               \
  do {                                                                          \
    const Error told = error;                                                   \
    EXPECT_EQ(told.code(), ErrorCode::expected_code) << told.message();         \
    EXPECT_NE(told.message().find(words), std::string::npos) << told.message(); \
  } while (false)

TEST(CardRefusal, WithoutACard) {
  const StandInScript script("devices 0\n");
  EXPECT_ERROR(session_refusal(), kNotFound, "no Cloud AI 100 device");
}

TEST(CardRefusal, OfDevicesThatAreNotThereOrNotReady) {
  const StandInScript script("devices 2\ndevice 1 error\n");
  EXPECT_ERROR(session_refusal({.devices = {7}}), kNotFound, "no device 7; there is device 0: ready");
  EXPECT_ERROR(session_refusal({.devices = {1}}), kBusy, "device 1 is not ready: error");
  EXPECT_ERROR(session_refusal({.devices = {0, 1}}), kInvalidArgument, "2 devices are named");
}

TEST(CardRefusal, OfMoreCoresThanThereAre) {
  const StandInScript script("devices 1\nnsps 2\n");
  EXPECT_ERROR(session_refusal(), kInvalidArgument, "compiled for 4 cores, device 0 has 2");
}

TEST(CardRefusal, OfADeviceWhoseCoresAreTaken) {
  const StandInScript script("devices 1\nnsps 6\n");
  const auto program = model().program();
  const auto first = program->create_session({1, 16, 1, {}});
  EXPECT_ERROR(refusal([&] { program->create_session({1, 16, 1, {}}); }), kBusy, "2 of 6 free");
}

TEST(CardRefusal, GoesToTheNextDeviceThatIsFree) {
  const StandInScript script("devices 2\nnsps 6\n");
  const auto program = model().program();
  const auto first = program->create_session({1, 16, 1, {}}),
             second = program->create_session({1, 16, 1, {}});
  EXPECT_EQ(second->property("device").as_text().rfind("device 1 of STAND-IN", 0), 0u);
}

TEST(CardRefusal, OfACardThatIsFull) {
  const StandInScript script("dram-mb 0\n");
  EXPECT_ERROR(session_refusal(), kOutOfMemory, "qaicLoadProgram failed: QS_NOMEM");
}

TEST(CardRefusal, OfWhatTheDriverRefuses) {
  const StandInScript script("fail qaicRunActivationCmd QS_BUSY\n");
  EXPECT_ERROR(session_refusal(), kBusy, "QS_BUSY");
}

TEST(CardRefusal, NamesTheMissingLibrary) {
  EXPECT_ERROR(session_refusal({.library = {"/nowhere/libQAic.so", ""}}), kNotFound,
               "no Cloud AI 100 driver");
}

TEST(CardRefusal, OfSizesBeyondTheCompiledOnes) {
  const auto program = model().program();
  EXPECT_ERROR(refusal([&] { program->create_session({3, 16, 1, {}}); }), kInvalidArgument, "2 slots, 3");
  EXPECT_ERROR(refusal([&] { program->create_session({1, 33, 1, {}}); }), kInvalidArgument, "32 positions");
  CardDecoder decoder(*program, 2, kVocab);
  EXPECT_ERROR(refusal([&] { decoder.run({{{1}, 32}}, 1); }), kInvalidArgument, "position 32");
  EXPECT_ERROR(refusal([&] { decoder.run({{{1}, 0, 2}}, 1); }), kInvalidArgument, "batch_index 2");
  EXPECT_ERROR(refusal([&] { decoder.run({{{1}, 0}}, 9); }), kInvalidArgument, "it has [1, 8], [2, 1]");
  EXPECT_NO_THROW(decoder.run({{{1}, 0}}, 1));
}

TEST(CardRefusal, OfAProgramForSeveralDevices) {
  const CardModel two({.shapes = {.prefill_seq_len = 8, .ctx_len = 32, .full_batch_size = 1}, .devices = 2});
  EXPECT_ERROR(session_refusal({}, two), kInvalidArgument, "the program is for 2 devices, 1 are given");
  EXPECT_ERROR(session_refusal({.num_devices = 8}, two), kInvalidArgument, "needs 8 devices");
  const auto program = two.program({.devices = {3, 1}, .num_devices = 2});
  CardDecoder decoder(*program, 1, kVocab);
  EXPECT_EQ(decoder.run({{{1}, 0}}, 1).size(), 1u);
  EXPECT_EQ(decoder.session().property("device").as_text().rfind("device 3, 1 of", 0), 0u);
}

// Files of a broken disk: each cut and each flipped byte of the header is an error, never a crash.
TEST(CardRefusal, OfDamagedPrograms) {
  std::ifstream file(model().qpc(), std::ios::binary);
  const std::string whole{std::istreambuf_iterator<char>(file), {}};
  const test::TemporaryFolder folder;
  const auto open = [&](const std::string& bytes) {
    const std::string path = folder.write("programqpc.bin", bytes).string();
    return refusal([&] { CardProgram(path, {.library = {"", standin_sdk()}}, test_host()); });
  };
  EXPECT_ERROR(open(whole.substr(0, whole.size() / 2)), kCorruptData, "malformed qpc");
  EXPECT_ERROR(open(""), kCorruptData, "malformed qpc");
  EXPECT_ERROR(open(whole + "x"), kCorruptData, "bytes");  // a size that is not the file's
  std::string magic = whole;
  magic[0] = 'X';
  EXPECT_ERROR(open(magic), kCorruptData, "magic");
  std::vector<SegmentSource> segments;
  for (const Segment& segment : read_container(whole))
    if (segment.name != kConstantsDesc)
      segments.push_back(segment_of(std::string(segment.name), std::string(segment.bytes)));
  std::string lacking;
  write_container(segments, [&](std::string_view bytes) { lacking += bytes; });
  EXPECT_ERROR(open(lacking), kCorruptData, "no segment 'constantsdesc.bin'");
  EXPECT_EQ(open(lacking).file_name(), (folder / "programqpc.bin").string());
  const Error missing = refusal([&] { CardProgram(folder / "none", {}, test_host()); });
  EXPECT_EQ(missing.code(), ErrorCode::kNotFound);
}

TEST(CardRefusal, KeepsCardsAndStandInApart) {
  std::ifstream file(model().qpc(), std::ios::binary);
  const std::string whole{std::istreambuf_iterator<char>(file), {}};
  std::vector<SegmentSource> segments;
  for (const Segment& segment : read_container(whole))
    if (segment.name != kStandInGraph)
      segments.push_back(segment_of(std::string(segment.name), std::string(segment.bytes)));
  std::string genuine;
  write_container(segments, [&](std::string_view bytes) { genuine += bytes; });
  const test::TemporaryFolder folder;
  CardProgram program(folder.write("programqpc.bin", genuine), {.library = {"", standin_sdk()}}, test_host());
  EXPECT_ERROR(refusal([&] {
                 program.create_session({1, 16, 1, {}});
               }),
               kNotSupported, "compiled for a card");
}

TEST(CardLoss, AResetFailsTheRunAndAllThatNeedItsState) {
  const StandInScript script("reset 0 at 3\n");
  const auto program = model().program();
  CardDecoder decoder(*program, 2, kVocab);
  decoder.run({{{1, 2, 3}, 0}}, 8);
  decoder.run({{{4}, 3}}, 1);
  EXPECT_ERROR(refusal([&] { decoder.run({{{5}, 4}}, 1); }), kDeviceLost, "QS_DEV_ERROR");
  EXPECT_ERROR(refusal([&] { decoder.run({{{5}, 4}}, 1); }), kDeviceLost, "the tokens of slot 0");
  decoder.session().slots()->reset(0);
  EXPECT_ERROR(refusal([&] { decoder.run({{{5}, 0}}, 1); }), kDeviceLost, "the device was lost");
}

TEST(CardLoss, WithRecoverANewSequenceLoadsTheProgramAgain) {
  const StandInScript script("reset 0 at 2\n");
  const auto program = model().program({.recover = true});
  CardDecoder decoder(*program, 2, kVocab);
  const auto expected = decoder.run({{{1, 2, 3}, 0}}, 8);
  EXPECT_ERROR(refusal([&] { decoder.run({{{4}, 3}}, 1); }), kDeviceLost, "QS_DEV_ERROR");
  EXPECT_ERROR(refusal([&] { decoder.run({{{4}, 3}}, 1); }), kDeviceLost, "the tokens of slot 0");
  decoder.session().slots()->reset(0);
  EXPECT_EQ(decoder.run({{{1, 2, 3}, 0}}, 8), expected);
  EXPECT_ERROR(refusal([&] { decoder.run({{{4}, 0, 1}}, 1); }), kDeviceLost, "the tokens of slot 1");
}

// The run goes on in the card: its buffers must stay although the session has given it up. ASan watches.
TEST(CardLoss, ARunThatTakesTooLongEndsWithItsTime) {
  const StandInScript script("read-delay-ms 1500\n");
  const auto program = model().program({.timeout_ms = 50});
  {
    CardDecoder decoder(*program, 2, kVocab);
    EXPECT_ERROR(refusal([&] { decoder.run({{{1, 2, 3}, 0}}, 8); }), kDeadlineExceeded, "QS_TIMEDOUT");
    EXPECT_ERROR(refusal([&] { decoder.run({{{1, 2, 3}, 0}}, 8); }), kDeviceLost, "slot 0");
  }
}

}  // namespace
}  // namespace tessera::qaic
