/// Where the results of a run go: a line of JSON for each request.
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace tessera::cli {

/// One thread.
class ResultOutput {
 public:
  virtual ~ResultOutput() = default;
  /// The request was finished by an earlier run.
  virtual bool has(size_t) const { return false; }
  /// `line` without its end; each index once. Throws Error kIo (disk full): what was added before is safe.
  virtual void add(size_t index, std::string_view line) = 0;
  /// All requests are in.
  virtual void finish() = 0;
};

/// Into something that cannot be renamed (stdout, a device, a pipe): lines wait until those before them are
/// out.
class OrderedOutput final : public ResultOutput {
 public:
  /// `path` empty: stdout; `array`: as one JSON array. Throws Error.
  OrderedOutput(const std::filesystem::path& path, bool array);
  ~OrderedOutput() override;
  void add(size_t index, std::string_view line) override;
  void finish() override;

 private:
  void write(std::string_view text) const;

  std::string path_;
  int descriptor_ = -1;
  bool array_;
  size_t next_ = 0;
  std::map<size_t, std::string> waiting_;
};

/// Into FILE. Lines go to FILE.partial as they come, each in one write; finish() writes them in order and
/// renames. FILE.lock says which run that is, and is locked while it runs (flock), so that a process that
/// was killed locks nothing. Both are gone after finish(), and when nothing was added.
class FileOutput final : public ResultOutput {
 public:
  struct Options {
    bool resume = false;  ///< take over what FILE.partial has; its last line is dropped if it is torn
    std::string run;      ///< digest of requests and settings: only the same run is gone on with
    size_t requests = 0;
  };
  /// Throws Error: kBusy (another process writes FILE), kInvalidArgument (FILE.partial is there and `resume`
  /// is not set, or is of another run), kCorruptData (FILE.partial is none of ours), kNotFound, kIo.
  FileOutput(const std::filesystem::path& file, Options options);
  ~FileOutput() override;

  bool has(size_t index) const override { return lines_[index].length > 0; }
  void add(size_t index, std::string_view line) override;
  void finish() override;

  size_t finished() const { return finished_; }
  const std::filesystem::path& partial() const { return partial_; }

 private:
  struct Line {
    uint64_t offset = 0, length = 0;  ///< in FILE.partial, with its end
  };
  class Descriptor {
   public:
    Descriptor() = default;
    ~Descriptor();
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    void open(const std::filesystem::path& path, int flags);  ///< throws Error
    int get() const { return descriptor_; }

   private:
    int descriptor_ = -1;
  };

  void take_lock();
  void take_partial();
  void read_partial();
  void take_line(std::string_view line, size_t number);
  void write_sorted(const std::filesystem::path& to) const;

  std::filesystem::path file_, partial_, lock_;
  Options options_;
  std::string previous_run_;  ///< what FILE.lock said
  Descriptor lock_descriptor_, partial_descriptor_;
  std::vector<Line> lines_;
  uint64_t end_ = 0;  ///< of FILE.partial
  size_t finished_ = 0;
  bool renamed_ = false;
};

/// The output that the settings ask for: FileOutput for regular files and those that are not there yet.
std::unique_ptr<ResultOutput> open_output(const std::filesystem::path& file, bool array,
                                          FileOutput::Options options);

}  // namespace tessera::cli
