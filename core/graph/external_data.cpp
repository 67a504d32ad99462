#include "core/graph/external_data.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <memory>
#include <system_error>
#include <utility>

#include "core/graph/growing_folder.hpp"
#include "core/graph/side_files.hpp"
#include "core/graph/weight_stream.hpp"
#include "core/graph/weights_check.hpp"
#include "tessera/sdk/error.hpp"
#include "tessera/sdk/nearest.hpp"
#include "tessera/sdk/wire.hpp"

namespace tessera::graph {
namespace {

namespace fs = std::filesystem;

constexpr const char* kModelFile = "model.onnx";
constexpr uint64_t kChunkBytes = 64 << 20;  // between two questions whether to stop

/// Files that are read in pieces, each opened once.
class OpenFiles {
 public:
  explicit OpenFiles(const RealPath& real_path) : real_path_(real_path) {}

  void read(const std::string& location, uint64_t offset, uint64_t size, char* into) {
    Open& file = open(location);
    while (size > 0) {
      const ssize_t got = ::pread(file.descriptor->get(), into, size, static_cast<off_t>(offset));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) fail("cannot read the weights", file.path, errno);
      if (got == 0) {
        throw Error(ErrorCode::kCorruptData, "the file became shorter while it was read")
            .file(file.path.string());
      }
      into += got;
      offset += static_cast<uint64_t>(got);
      size -= static_cast<uint64_t>(got);
    }
  }

 private:
  struct Open {
    fs::path path;
    std::unique_ptr<Descriptor> descriptor;
  };
  Open& open(const std::string& location) {
    Open& file = files_[location];
    if (file.descriptor) return file;
    file.path = real_path_(location);
    file.descriptor = std::make_unique<Descriptor>(file.path, O_RDONLY, "cannot read the weights");
    return file;
  }

  const RealPath& real_path_;
  std::map<std::string, Open> files_;
};

/// Copies and links files of weights, makes others, and keeps count for the progress.
class WeightsExport {
 public:
  WeightsExport(const fs::path& folder, WeightsMode mode, uint64_t total, const ExportProgress& progress)
      : folder_(folder), mode_(mode), total_(total), progress_(progress) {}

  ExportedWeights add(const std::string& location, const fs::path& source, uint64_t bytes) {
    const fs::path target = folder_ / location;
    std::error_code failure;
    fs::create_directories(target.parent_path(), failure);
    if (failure) fail("cannot make the folder", target.parent_path(), failure.value());
    ExportedWeights result;
    result.location = location;
    result.bytes = bytes;
    if (mode_ == WeightsMode::kLink) {
      result.linked = ::link(source.c_str(), target.c_str()) == 0;
      if (!result.linked) result.copy_reason = system_text(errno);
    }
    if (result.linked) {
      report(bytes);
    } else {
      copy(source, target, bytes);
    }
    return result;
  }

  /// Writes a file of weights that are made on the way.
  ExportedWeights make(const SideFile& file, const RealPath& real_path) {
    const fs::path target = folder_ / file.location;
    Descriptor out(target, O_WRONLY | O_CREAT | O_EXCL, "cannot make the file");
    OpenFiles sources(real_path);
    uint64_t written = 0;
    const auto take = [&](std::string_view bytes) {
      write_all(out.get(), bytes, target);
      written += bytes.size();
      report(bytes.size());
    };
    const ReadWeights read = [&](const std::string& location, uint64_t offset, uint64_t size, char* into) {
      sources.read(location, offset, size, into);
    };
    for (const PlacedWeight& weight : file.weights) {
      write_all(out.get(), std::string(weight.offset - written, '\0'), target);
      written = weight.offset;
      stream_weight(weight.recipe, read, take);
    }
    out.close(target);
    ExportedWeights result;
    result.location = file.location;
    result.bytes = written;
    result.made = true;
    return result;
  }

 private:
  void copy(const fs::path& source, const fs::path& target, uint64_t bytes) {
    const Descriptor in(source, O_RDONLY, "cannot read the weights");
    Descriptor out(target, O_WRONLY | O_CREAT | O_EXCL, "cannot make the file");
    for (uint64_t left = bytes; left > 0;) {
      const ssize_t moved = ::sendfile(out.get(), in.get(), nullptr, std::min(left, kChunkBytes));
      if (moved < 0 && errno == EINTR) continue;
      if (moved < 0) fail("cannot copy the weights", target, errno);
      if (moved == 0) {
        throw Error(ErrorCode::kCorruptData, "the file became shorter while it was copied")
            .file(source.string());
      }
      left -= static_cast<uint64_t>(moved);
      report(static_cast<uint64_t>(moved));
    }
    out.close(target);
  }

  void report(uint64_t bytes) {
    done_ += bytes;
    if (progress_ && !progress_(done_, total_)) throw Error(ErrorCode::kCancelled, "stopped on request");
  }

  const fs::path& folder_;
  WeightsMode mode_;
  uint64_t total_, done_ = 0;
  const ExportProgress& progress_;
};

struct WeightFile {
  std::string location;
  fs::path source;
  uint64_t bytes;
};

/// The files that the model refers to, each once, in the order of the model.
std::vector<WeightFile> weight_files(const Model& model, const RealPath& real_path) {
  std::vector<WeightFile> files;
  const auto size_of = [&](const std::string& location) -> uint64_t {
    if (location == kModelFile) {
      throw Error(ErrorCode::kInvalidArgument, "the weights have the name of the exported model")
          .file(location);
    }
    fs::path source = real_path(location);
    std::error_code failure;
    const uint64_t bytes = fs::file_size(source, failure);
    if (failure) fail("cannot read the weights", source, failure.value());
    files.push_back({location, std::move(source), bytes});
    return bytes;
  };
  check_weights(model, size_of);
  return files;
}

}  // namespace

WeightsMode parse_weights_mode(std::string_view text) {
  if (text == "link") return WeightsMode::kLink;
  if (text == "copy") return WeightsMode::kCopy;
  throw Error(ErrorCode::kInvalidArgument, fmt::format("unknown way to export weights '{}'", text))
      .remedy(did_you_mean(text, std::vector<std::string>{"link", "copy"}));
}

RealPath real_paths_in(const fs::path& base_dir) {
  return [base_dir](const std::string& location) {
    std::error_code failure;
    fs::path path = fs::canonical(base_dir / location, failure);
    if (!failure && fs::is_regular_file(path, failure)) return path;
    throw Error(ErrorCode::kNotFound, "the weight file is missing or no regular file")
        .file((base_dir / location).string())
        .remedy("download the checkpoint again");
  };
}

ExportReport export_model(std::string_view model, const fs::path& folder, const RealPath& real_path,
                          WeightsMode mode, const ExportProgress& progress,
                          const std::vector<ExportedText>& texts) {
  fs::path target = fs::absolute(folder).lexically_normal();
  if (!target.has_filename()) target = target.parent_path();  // "out/" is "out"
  Model parsed = read_model(model);
  weight_files(parsed, real_path);  // checks all ranges before anything is changed
  const std::vector<SideFile> made = take_side_files(parsed);
  const std::vector<WeightFile> files = weight_files(without_side_files(parsed, made), real_path);
  uint64_t total = 0;
  for (const WeightFile& file : files) total += file.bytes;
  for (const SideFile& file : made) total += file.bytes;
  GrowingFolder growing(target);
  WeightsExport weights(growing.path(), mode, total, progress);
  ExportReport report;
  for (const WeightFile& file : files)
    report.weights.push_back(weights.add(file.location, file.source, file.bytes));
  for (const SideFile& file : made) report.weights.push_back(weights.make(file, real_path));
  for (const ExportedText& text : texts) write_file(growing.path() / text.name, text.text);
  write_file(growing.path() / kModelFile, made.empty() ? std::string(model) : write_model(parsed));
  growing.keep();
  report.model_file = target / kModelFile;
  return report;
}

}  // namespace tessera::graph
