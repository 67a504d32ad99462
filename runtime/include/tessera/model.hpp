/// Load a checkpoint, compile it for a device, execute it.
///
///     auto model = tessera::AutoModelForCausalLM::from_pretrained("model-or-folder");
///     model.compile({.backend = "cpu", .num_threads = 2});
///     auto result = model.generate("My name is", {.max_new_tokens = 32});
///     for (const std::string& piece : model.generate_stream("My name is")) std::cout << piece;
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tessera/engine_settings.hpp"
#include "tessera/generate.hpp"
#include "tessera/submit.hpp"
#include "tessera/tokenizer.hpp"

namespace tessera {

/// A graph pass with its options.
struct Pass {
  std::string id;
  std::vector<std::pair<std::string, std::string>> options;
};

struct LoadOptions {
  std::string task = {};  ///< empty: what the class is for, else what the checkpoint says
  std::vector<std::string> plugin_paths = {};  ///< plugin files or folders beside the default ones
  ProgressFn progress = {};
};

struct CompileOptions {
  std::string backend = "cpu";
  int64_t ctx_len =
      0;  ///< tokens a sequence may hold; 0: the model's limit, or what a call needs where that is less
  int64_t num_threads = 0;  ///< 0: what affinity and cgroup quota allow
  std::string isa = {};     ///< instruction set tier of the cpu backend; empty: the best
  /// For speculation on a backend with compiled shapes: numbers of proposed tokens that a decode run
  /// verifies, 0 for one without. Others need no such shapes and do not look at it.
  std::vector<int64_t> num_speculative_tokens = {};
  int64_t num_cores = 0;  ///< cores of a device that a program takes; 0: what the backend takes by itself
  std::vector<Pass> passes = {};                ///< empty: what the backend asks for
  std::vector<std::string> expose_values = {};  ///< values that become outputs, globs too
  std::string dump_dir = {};                    ///< receives the graph after each pass; empty: none
  bool reference =
      false;  ///< the pure graph, all functions inlined, on the plain executor: slow, for comparisons
  /// By the names that the backend declares (`tessera plugins`), with dashes or underscores.
  std::vector<std::pair<std::string, std::string>> backend_options = {};
  ProgressFn progress = {};
};

struct LogitsOptions {
  std::vector<int64_t> chunks = {};  ///< rows of each step, the last repeated; empty: all at once
  bool hidden_states = false;        ///< `hidden.0` .. `hidden.L` too (compile with expose_values "hidden.*")
  bool add_special_tokens = true;    ///< of the tokenizer, for a text prompt
  ProgressFn progress = {};          ///< before each step: rows done, rows in all
  std::stop_token cancel = {};
};

/// A float32 tensor, row-major.
struct NamedTensor {
  std::string name;
  std::vector<int64_t> dims;
  std::vector<float> data;
};

/// How a model was made and what it costs; texts for people and tools.
struct ModelInfo {
  std::string folder;
  std::string architecture;         ///< id of the plugin's architecture: "llama"
  std::string architecture_plugin;  ///< "llama 0.1.0 (path)"
  std::string task;
  uint64_t parameters = 0;
  uint64_t weight_bytes = 0;  ///< in the checkpoint
  int64_t layers = 0, kv_heads = 0, head_dim = 0, vocab_size = 0, max_positions = 0, window = 0;
  uint64_t kv_bytes_per_token = 0;  ///< float32 keys and values of all layers
  int64_t step_rows = 0;            ///< tokens that one step computes at most
  /// Tokens whose keys and values a sequence of `tokens` keeps: with a sliding window the window and the
  /// largest step (and what makes whole blocks of the backend), whatever its length.
  int64_t kv_tokens(int64_t tokens) const {
    return window > 0 ? std::min(tokens, window - 1 + step_rows) : tokens;
  }
  uint64_t graph_nodes = 0;                  ///< of the pure graph
  std::vector<std::string> graph_functions;  ///< composite operators that it uses
  // What one step must read and compute, for fractions of a machine's limits.
  uint64_t step_weight_bytes = 0;  ///< weights that every decode step reads: all linear layers and the head
  uint64_t layer_parameters = 0;   ///< elements of the linear layers' weights, without the head
  uint64_t head_parameters = 0;
  int64_t attention_width = 0;  ///< query heads * head_dim
  std::vector<std::string> warnings;
};

/// What compile did.
struct CompileInfo {
  std::string backend;
  std::vector<std::pair<std::string, double>> passes;  ///< id and milliseconds
  double compile_ms = 0;
  int64_t packed_weight_bytes = 0;
  std::string isa;  ///< empty where the backend has no such notion
  std::string isa_reason;
  std::vector<std::string> files = {};  ///< that the backend left for the user
  std::string command = {};             ///< of a compiler that it ran or would run; empty: none
  std::string artefact = {};            ///< the compiled program in the cache; empty: none is kept
  bool artefact_reused = false;         ///< it was there already
  bool stand_in = false;                ///< made to run without the device: no time means anything
  /// Bits of a result do not depend on what runs beside it, nor on the shape of a run.
  bool bits_promised = false;
};

/// Generated text as it comes: a single-pass range. Pulling a piece waits for it; leaving early cancels.
class TextStream {
 public:
  struct Impl;
  explicit TextStream(std::unique_ptr<Impl> impl);
  TextStream(TextStream&&) noexcept;
  TextStream& operator=(TextStream&&) noexcept;
  ~TextStream();

  class iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = std::string;
    using difference_type = std::ptrdiff_t;
    using pointer = const std::string*;
    using reference = const std::string&;
    reference operator*() const { return stream_->piece_; }
    pointer operator->() const { return &stream_->piece_; }
    iterator& operator++() {
      if (!stream_->advance()) stream_ = nullptr;
      return *this;
    }
    void operator++(int) { ++*this; }
    bool operator==(const iterator& other) const { return stream_ == other.stream_; }

   private:
    friend class TextStream;
    explicit iterator(TextStream* stream) : stream_(stream) {}
    TextStream* stream_;
  };

  iterator begin() { return iterator(advance() ? this : nullptr); }
  iterator end() { return iterator(nullptr); }

  /// Runs to the end if need be. The text is the concatenation of all pieces.
  GenerateResult result();

 private:
  bool advance();  ///< to the next piece that is not empty; false at the end
  std::unique_ptr<Impl> impl_;
  std::string piece_;
};

/// A causal language model. Movable. One call at a time on one object, but for submit(); distinct objects are
/// independent.
class AutoModelForCausalLM {
 public:
  struct Impl;
  /// `folder_or_id`: a model folder, or an id found in the local hub cache (HF_HUB_CACHE, HF_HOME).
  /// Reads configuration and headers, finds the architecture among the plugins and builds its graph; maps
  /// weights, never copies them. Throws Error.
  static AutoModelForCausalLM from_pretrained(std::string_view folder_or_id, const LoadOptions& options = {});
  AutoModelForCausalLM(AutoModelForCausalLM&&) noexcept;
  AutoModelForCausalLM& operator=(AutoModelForCausalLM&&) noexcept;
  ~AutoModelForCausalLM();

  /// Runs the passes and compiles for the backend. generate() compiles with the defaults when this was not
  /// called.
  void compile(const CompileOptions& options = {});

  /// The graph after the passes as an ONNX model with its weights as external data in `folder`
  /// (model.onnx + weights). Without passes: the pure graph. Returns one line per file: how it came there.
  std::vector<std::string> export_onnx(const std::string& folder, bool copy_weights,
                                       const CompileOptions& options = {});

  GenerateResult generate(const Prompt& prompt, const GenerateOptions& options = {});
  /// Several prompts, decoded side by side; each gets what it would get alone, bit for bit where the backend
  /// promises `bits.shape_invariant`. With n > 1 each prompt has n results behind one another; with best_of,
  /// those of the largest mean log-probability of a token, best first. `on_text`, when given, receives each
  /// piece of text with the index of its result (with best_of > n: as they are made, prompt * best_of +
  /// choice).
  std::vector<GenerateResult> generate(const std::vector<Prompt>& prompts,
                                       const GenerateOptions& options = {},
                                       const std::function<void(size_t, std::string_view)>& on_text = {});
  /// Throws Error kNotSupported when more than one text is asked for (n, best_of).
  TextStream generate_stream(const Prompt& prompt, const GenerateOptions& options = {});

  /// Starts a request beside those that run; any thread, also while other calls of this class but compile()
  /// and set_engine() are under way. `options.progress` and `options.cancel` are not used: see Generation.
  /// Throws Error kBusy when the queue is full, kInvalidArgument for what can never fit.
  Generation submit(const Prompt& prompt, const GenerateOptions& options = {}, const SubmitOptions& how = {});
  /// Of requests from now on; those under way are cancelled. Throws nothing: the first request meets what is
  /// wrong.
  void set_engine(const EngineSettings& settings);
  EngineStatistics engine_statistics() const;

  /// Logits of every position ([seq, vocab], named "logits") and, when asked, hidden states ([seq, hidden]).
  std::vector<NamedTensor> logits(const Prompt& prompt, const LogitsOptions& options = {});

  /// For benchmarks: seconds to process a prompt of that many arbitrary tokens, and then to generate
  /// `new_tokens` one by one. Either may be 0.
  struct StepTimes {
    double prompt_s = 0, decode_s = 0;
  };
  StepTimes time_steps(int64_t prompt_tokens, int64_t new_tokens, const std::stop_token& cancel = {});

  /// For benchmarks: seconds in which the engine, as set, generates `tokens` one after another behind a
  /// prompt, whatever the model says. Both are ids of the model, not empty.
  double time_text(const std::vector<int64_t>& prompt, const std::vector<int64_t>& tokens,
                   const std::stop_token& cancel = {});

  /// What generation_config.json says about sampling. Throws Error for what it asks and we have not.
  sampling::SamplingParams sampling_defaults() const;

  const ModelInfo& info() const;
  const CompileInfo& compile_info() const;  ///< compiles with the defaults when nothing was compiled yet
  const AutoTokenizer& tokenizer() const;   ///< throws when the folder has none
  /// The graph as readable text: pure, or after `passes`.
  std::string graph_text(const std::vector<Pass>& passes = {}) const;

 private:
  explicit AutoModelForCausalLM(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tessera
