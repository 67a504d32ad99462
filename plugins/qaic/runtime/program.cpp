#include "program.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "plugins/qaic/qpc/qpc.hpp"
#include "session.hpp"
#include "tessera/sdk/error.hpp"

namespace tessera::qaic {

/// A file, mapped for reading.
struct CardProgram::Mapping {
  void* data = nullptr;
  size_t size = 0;

  explicit Mapping(const std::filesystem::path& file) {
    const int descriptor = open(file.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0)
      throw Error(errno == ENOENT ? ErrorCode::kNotFound : ErrorCode::kIo,
                  fmt::format("the compiled program cannot be opened: {}", std::strerror(errno)));
    struct stat info {};
    const bool regular = fstat(descriptor, &info) == 0 && S_ISREG(info.st_mode);
    if (regular && info.st_size > 0) {
      size = static_cast<size_t>(info.st_size);
      data = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, descriptor, 0);
    }
    close(descriptor);
    if (!regular) throw Error(ErrorCode::kIo, "the compiled program is no regular file");
    if (data == MAP_FAILED) {
      data = nullptr;
      throw Error(ErrorCode::kIo,
                  fmt::format("the compiled program cannot be mapped: {}", std::strerror(errno)));
    }
  }
  ~Mapping() {
    if (data != nullptr) munmap(data, size);
  }
  Mapping(const Mapping&) = delete;
};

CardProgram::CardProgram(const std::filesystem::path& file, RunSettings settings, sdk::Host host)
    : settings_(std::move(settings)), host_(host) {
  try {
    mapping_ = std::make_unique<Mapping>(file);
    const Qpc qpc = read_qpc(bytes());
    shapes_ = std::make_unique<CompiledShapes>(io_desc_of(qpc.network));
    name_ = qpc.network.name.empty() ? "program" : qpc.network.name;
    num_cores_ = qpc.network.num_cores;
    weight_bytes_ = static_cast<int64_t>(qpc.static_constants_bytes + qpc.dynamic_constants_bytes);
    stand_in_ = qpc.stand_in();
  } catch (Error& error) {
    error.add_file(file.string());
    throw;
  }
}

CardProgram::~CardProgram() = default;

std::string_view CardProgram::bytes() const {
  return {static_cast<const char*>(mapping_->data), mapping_->size};
}

std::unique_ptr<sdk::Session> CardProgram::create_session(const sdk::SessionArgs& args) {
  return std::make_unique<CardSession>(*this, args);
}

bool CardProgram::rounds() const {
  for (const IoBinding& binding : shapes_->bindings()) {
    if (shapes_->is_state(binding.index) && binding.type != IoDataType::kFloat) return true;
  }
  return !shapes_->has_state();  // nothing tells
}

sdk::Value CardProgram::property(std::string_view key) const {
  using sdk::Value;
  if (key == "weights.bytes") return Value(weight_bytes_);
  if (key == "kv.bytes_per_token") {
    const int64_t tokens = shapes_->slots() * shapes_->ctx_len();
    return Value(tokens == 0 ? int64_t{0} : static_cast<int64_t>(shapes_->state_bytes()) / tokens);
  }
  if (key == "shapes.slots") return Value(shapes_->slots());
  if (key == "shapes.ctx_len") return Value(shapes_->ctx_len());
  if (key == "shapes.prefill") return Value(Value::Ints(shapes_->prefill()));
  if (key == "shapes.decode") return Value(Value::Ints(shapes_->decode()));
  if (key == "shapes.verify") return Value(Value::Ints(shapes_->verify()));
  // Each shape of a card is a program of its own. The stand-in's arithmetic is one for all.
  if (key == "bits.shape_invariant") return Value(stand_in_ && !rounds());
  if (key == "stand-in") return Value(stand_in_);
  throw sdk::unknown_property(key);
}

}  // namespace tessera::qaic
