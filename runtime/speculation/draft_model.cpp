#include "runtime/speculation/draft_model.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "tessera/sdk/error.hpp"

namespace tessera::speculation {

struct DraftModel::Sequence {
  size_t prompt_tokens = 0;
  std::unique_ptr<DraftChooser> chooser;
  std::optional<uint32_t> slot;
  std::vector<int64_t> written;  ///< tokens whose keys and values are in the slot
  uint64_t round = 0;            ///< when it was drafted for last
};

/// A sequence that has a row of logits in the step.
struct DraftModel::Live {
  Draft* draft;
  Sequence* sequence;
};

namespace {

using Clock = std::chrono::steady_clock;

/// So few missed tokens cost what one costs, as long as reading the weights bounds a step.
constexpr size_t kFewTokens = 4;

/// The chooser's part of a round: all that was emitted accepted, and what it proposes taken back at the end.
class Drafting {
 public:
  Drafting(DraftChooser* chooser, size_t prompt_tokens, const std::vector<int64_t>& tokens)
      : chooser_(chooser) {
    if (chooser_ == nullptr) return;
    for (size_t i = prompt_tokens + chooser_->generated(); i < tokens.size(); ++i)
      chooser_->accept(tokens[i]);
    generated_ = chooser_->generated();
  }
  ~Drafting() {
    if (chooser_ != nullptr) chooser_->rollback(generated_);
  }
  Drafting(const Drafting&) = delete;
  Drafting& operator=(const Drafting&) = delete;

 private:
  DraftChooser* chooser_;
  size_t generated_ = 0;
};

int64_t largest(std::span<const float> logits) {
  return std::max_element(logits.begin(), logits.end()) - logits.begin();
}

}  // namespace

DraftModel::DraftModel(StepRunner& runner, SlotMemory& memory, const Options& options)
    : runner_(runner), memory_(memory), options_(options), by_slot_(options.slots) {}

DraftModel::~DraftModel() = default;

void DraftModel::begin(SequenceId sequence, size_t prompt_tokens, std::unique_ptr<DraftChooser> chooser) {
  auto added = std::make_unique<Sequence>();
  added->prompt_tokens = prompt_tokens;
  added->chooser = std::move(chooser);
  sequences_.emplace(sequence, std::move(added));
}

void DraftModel::end(SequenceId sequence) {
  const auto place = sequences_.find(sequence);
  if (place == sequences_.end()) return;
  if (place->second->slot) by_slot_[*place->second->slot] = nullptr;
  sequences_.erase(place);
}

void DraftModel::forget() {
  std::fill(by_slot_.begin(), by_slot_.end(), nullptr);
  for (auto& [id, sequence] : sequences_) {
    sequence->slot.reset();
    sequence->written.clear();
  }
}

void DraftModel::propose(std::span<Draft> drafts) {
  ++round_;
  live_.clear();
  rows_.clear();
  logits_rows_.clear();
  for (const Draft& draft : drafts) sequences_.at(draft.sequence)->round = round_;
  std::vector<std::unique_ptr<Drafting>> choosers;
  size_t most_missed = 0;
  for (Draft& draft : drafts) {
    Sequence& sequence = *sequences_.at(draft.sequence);
    draft.proposals.clear();
    if (!prepare(draft, sequence)) continue;
    choosers.push_back(
        std::make_unique<Drafting>(sequence.chooser.get(), sequence.prompt_tokens, *draft.tokens));
    most_missed = std::max(most_missed, draft.tokens->size() - sequence.written.size());
    add_missed(draft, sequence);
  }
  bool like_one_token = most_missed <= kFewTokens;
  while (!rows_.empty()) {
    const Clock::time_point start = Clock::now();
    run();
    extend();
    const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
    if (like_one_token)
      seconds_per_token_ += (seconds_per_token_ == 0 ? 1 : 0.1) * (seconds - seconds_per_token_);
    like_one_token = true;
  }
}

bool DraftModel::prepare(Draft& draft, Sequence& sequence) {
  const std::vector<int64_t>& tokens = *draft.tokens;
  const auto known = static_cast<int64_t>(tokens.size());
  const int64_t most = std::min(static_cast<int64_t>(draft.most), options_.ctx_len - known + 1);
  if (most < 1 || !find_slot(sequence)) return false;
  // The last known token is always computed: its logits are wanted.
  std::vector<int64_t>& written = sequence.written;
  const size_t both = std::min(written.size(), tokens.size() - 1);
  const auto same =
      std::mismatch(written.begin(), written.begin() + static_cast<std::ptrdiff_t>(both), tokens.begin());
  written.erase(same.first, written.end());
  draft.most = static_cast<size_t>(most);
  return memory_.reserve(*sequence.slot, known + most - 1);
}

bool DraftModel::find_slot(Sequence& sequence) {
  if (sequence.slot) return true;
  auto place = std::find(by_slot_.begin(), by_slot_.end(), nullptr);
  if (place == by_slot_.end()) {
    place = std::min_element(by_slot_.begin(), by_slot_.end(),
                             [](const Sequence* a, const Sequence* b) { return a->round < b->round; });
    if ((*place)->round == round_) return false;
    (*place)->slot.reset();
    (*place)->written.clear();
  }
  const auto slot = static_cast<uint32_t>(place - by_slot_.begin());
  memory_.reset(slot);
  *place = &sequence;
  sequence.slot = slot;
  return true;
}

void DraftModel::add_missed(Draft& draft, Sequence& sequence) {
  const std::vector<int64_t>& tokens = *draft.tokens;
  while (sequence.written.size() < tokens.size() && static_cast<int64_t>(rows_.size()) < options_.max_rows)
    add_row(sequence, tokens[sequence.written.size()]);
  if (sequence.written.size() < tokens.size()) return;  // the rest another time
  logits_rows_.push_back(static_cast<int64_t>(rows_.size()) - 1);
  live_.push_back({&draft, &sequence});
}

void DraftModel::add_row(Sequence& sequence, int64_t token) {
  const auto position = static_cast<int64_t>(sequence.written.size());
  const auto prompt = static_cast<int64_t>(sequence.prompt_tokens);
  rows_.push_back({token, position, *sequence.slot, position < prompt ? prompt : position + 1});
  sequence.written.push_back(token);
}

void DraftModel::run() {
  logits_.resize(live_.size() * static_cast<size_t>(options_.vocab_size));
  const StepOutput output{
      "logits", {static_cast<int64_t>(live_.size()), 1, options_.vocab_size}, logits_.data()};
  runner_.run(rows_, logits_rows_, {&output, 1});
}

void DraftModel::extend() {
  const std::vector<Live> ran = std::exchange(live_, {});
  rows_.clear();
  logits_rows_.clear();
  for (size_t i = 0; i < ran.size(); ++i) {
    Draft& draft = *ran[i].draft;
    Sequence& sequence = *ran[i].sequence;
    const std::span<float> logits = std::span(logits_).subspan(i * static_cast<size_t>(options_.vocab_size),
                                                               static_cast<size_t>(options_.shared_ids));
    try {
      draft.proposals.push_back(sequence.chooser ? sequence.chooser->choose(logits) : largest(logits));
    } catch (const Error& error) {
      // Nothing can be chosen among the shared ids: the target will have to.
      if (error.code() != ErrorCode::kInvalidArgument) throw;
      continue;
    }
    if (draft.proposals.size() == draft.most) continue;
    add_row(sequence, draft.proposals.back());
    logits_rows_.push_back(static_cast<int64_t>(rows_.size()) - 1);
    live_.push_back(ran[i]);
  }
}

}  // namespace tessera::speculation
