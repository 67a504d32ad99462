#include "runtime/engine/kv_slots.hpp"

#include <algorithm>

namespace tessera::engine {
namespace {

constexpr uint32_t kNone = UINT32_MAX;
/// A shorter common prefix is not worth what an idle slot remembers, nor a fork.
constexpr int64_t kLeastPrefix = 8;

int64_t common_prefix(const std::vector<int64_t>& a, const std::vector<int64_t>& b, int64_t limit) {
  const auto end = std::min({a.size(), b.size(), static_cast<size_t>(std::max<int64_t>(limit, 0))});
  return std::mismatch(a.begin(), a.begin() + static_cast<ptrdiff_t>(end), b.begin()).first - a.begin();
}

}  // namespace

KvSlots::KvSlots(const Options& options, SlotMemory& memory)
    : options_(options), memory_(memory), slots_(options.slots) {}

std::optional<KvSlots::Placement> KvSlots::admit(const Request& request, int64_t known, int64_t tokens,
                                                 int64_t headroom) {
  if (!has_slot()) return std::nullopt;
  Source source = find_source(request, known);
  if (worth_waiting(request, known, source.tokens)) return std::nullopt;
  const auto wanted = [&] {
    return memory_of(tokens) + headroom - (source.resume ? memory_of(slots_[source.slot].reserved) : 0);
  };
  // Headroom keeps a newcomer from taking what the running ones need next: it would be preempted for it.
  if (!make_room(wanted(), source.slot)) {
    const bool idle = source.tokens > 0 && slots_[source.slot].use == Use::kIdle;
    if (!idle || source.resume) return std::nullopt;
    source.resume = true;  // no room for a second copy
    if (spare() < wanted()) return std::nullopt;
  }
  uint32_t target = source.slot;
  if (!source.resume) {
    const std::optional<uint32_t> free = find(Use::kFree, kNone);
    target = free ? *free : *find(Use::kIdle, source.slot);
  }
  const int64_t cached = start(target, source);
  Slot& slot = slots_[target];
  if (!reserve(target, tokens)) {
    empty(target);
    return std::nullopt;
  }
  slot.use = Use::kHeld;
  slot.tokens = request.tokens;
  slot.kept.clear();
  slot.salt = request.cache_salt;
  slot.computed = cached;
  ++held_;
  if (options_.prefix_reuse && request.tokens != nullptr)
    counters_.prefix_queries += static_cast<uint64_t>(known - 1);
  counters_.prefix_hits += static_cast<uint64_t>(cached);
  return Placement{target, cached};
}

KvSlots::Source KvSlots::find_source(const Request& request, int64_t known) const {
  Source best;
  if (!options_.prefix_reuse || request.tokens == nullptr) return best;
  for (uint32_t i = 0; i < slots_.size(); ++i) {
    const Slot& slot = slots_[i];
    const bool usable = slot.use == Use::kIdle || (slot.use == Use::kHeld && options_.fork);
    if (!usable || slot.salt != request.cache_salt) continue;
    const std::vector<int64_t>* tokens = slot.use == Use::kIdle ? &slot.kept : slot.tokens;
    if (tokens == nullptr) continue;
    // The last known token is always computed: its logits are wanted.
    const int64_t common = common_prefix(*tokens, *request.tokens, std::min(slot.computed, known - 1));
    if (common > best.tokens) best = {i, common, false};
  }
  if (best.tokens < kLeastPrefix) return {};
  const Slot& slot = slots_[best.slot];
  const bool another = find(Use::kFree, kNone) || find(Use::kIdle, best.slot);
  // A slot that the request continues to its end loses nothing by being taken over: the next turn of a chat.
  best.resume = slot.use == Use::kIdle && (!options_.fork || !another || best.tokens == slot.computed);
  return best;
}

bool KvSlots::worth_waiting(const Request& request, int64_t known, int64_t found) const {
  if (!options_.prefix_reuse || !options_.fork || request.tokens == nullptr) return false;
  return std::any_of(slots_.begin(), slots_.end(), [&](const Slot& slot) {
    if (slot.use != Use::kHeld || slot.tokens == nullptr || slot.salt != request.cache_salt) return false;
    return common_prefix(*slot.tokens, *request.tokens, known - 1) - found >= kLeastPrefix;
  });
}

std::optional<uint32_t> KvSlots::find(Use use, uint32_t except) const {
  std::optional<uint32_t> found;
  for (uint32_t i = 0; i < slots_.size(); ++i) {
    if (slots_[i].use != use || i == except) continue;
    if (!found || slots_[i].last_used < slots_[*found].last_used) found = i;
  }
  return found;
}

int64_t KvSlots::memory_of(int64_t tokens) const {
  return std::min(tokens, options_.slot_tokens);
}

int64_t KvSlots::spare() const {
  return std::min(memory_.free_tokens(), options_.kv_tokens - reserved_);
}

bool KvSlots::make_room(int64_t tokens, uint32_t except) {
  while (spare() < tokens) {
    const std::optional<uint32_t> idle = find(Use::kIdle, except);
    if (!idle) return false;
    empty(*idle);
    ++counters_.evictions;
  }
  return true;
}

int64_t KvSlots::start(uint32_t slot, const Source& source) {
  if (source.resume) {
    if (memory_.truncate(slot, source.tokens)) {
      ++counters_.resumes;
      give_back(slot, source.tokens);
      return source.tokens;
    }
    empty(slot);
    return 0;
  }
  empty(slot);
  if (source.tokens == 0 || !memory_.fork(source.slot, slot, source.tokens)) return 0;
  ++counters_.forks;
  slots_[source.slot].last_used = ++clock_;
  return source.tokens;
}

bool KvSlots::grow(uint32_t slot, int64_t tokens) {
  while (!reserve(slot, tokens)) {
    const std::optional<uint32_t> idle = find(Use::kIdle, slot);
    if (!idle) return false;
    empty(*idle);
    ++counters_.evictions;
  }
  return true;
}

void KvSlots::stretch(uint32_t slot, int64_t tokens) {
  // Others may need the rest of the memory at the next step, a granule each.
  const int64_t more = memory_of(tokens) - memory_of(slots_[slot].reserved);
  if (more > 0 && spare() >= more + static_cast<int64_t>(held_) * options_.granule) reserve(slot, tokens);
}

bool KvSlots::reserve(uint32_t slot, int64_t tokens) {
  Slot& s = slots_[slot];
  if (tokens <= s.reserved) return true;
  const int64_t whole = (tokens + options_.granule - 1) / options_.granule * options_.granule;
  for (const int64_t wanted : {std::min(whole, options_.ctx_len), tokens}) {
    const int64_t more = memory_of(wanted) - memory_of(s.reserved);
    if (wanted < tokens || more > options_.kv_tokens - reserved_) continue;
    if (!memory_.reserve(slot, wanted)) continue;
    reserved_ += more;
    s.reserved = wanted;
    return true;
  }
  return false;
}

void KvSlots::release(uint32_t slot) {
  Slot& s = slots_[slot];
  if (!options_.prefix_reuse || s.tokens == nullptr || s.computed < kLeastPrefix) return discard(slot);
  const auto count = std::min(static_cast<size_t>(s.computed), s.tokens->size());
  s.kept.assign(s.tokens->begin(), s.tokens->begin() + static_cast<ptrdiff_t>(count));
  s.computed = static_cast<int64_t>(count);
  s.tokens = nullptr;
  s.use = Use::kIdle;
  s.last_used = ++clock_;
  --held_;
}

void KvSlots::discard(uint32_t slot) {
  empty(slot);
  --held_;
}

void KvSlots::forget() {
  while (const std::optional<uint32_t> idle = find(Use::kIdle, kNone)) empty(*idle);
}

void KvSlots::give_back(uint32_t slot, int64_t tokens) {
  int64_t& reserved = slots_[slot].reserved;
  const int64_t left = std::min(reserved, tokens);
  reserved_ -= memory_of(reserved) - memory_of(left);
  reserved = left;
}

void KvSlots::empty(uint32_t slot) {
  memory_.reset(slot);
  give_back(slot, 0);
  slots_[slot] = {};
}

}  // namespace tessera::engine
