#include <fmt/format.h>

#include <array>

#include "core/chat_template/chat_templates.hpp"
#include "core/jinja/json.hpp"
#include "core/jinja/repr.hpp"
#include "tessera/sdk/error.hpp"

namespace tessera {
namespace {

using jinja::Value;
using Entries = std::vector<std::pair<Value, Value>>;

/// The names of what a model thought before it answered; the first is the standard one.
constexpr std::array<std::string_view, 3> kReasoningKeys{"reasoning_content", "thinking", "reasoning"};

/// `{"thinking": r, **message, "reasoning_content": r}` of transformers: an own "thinking" keeps its value
/// and comes first.
Value with_reasoning(Value message) {
  const Value* reasoning = nullptr;
  for (const std::string_view key : kReasoningKeys) {
    if (!reasoning) reasoning = message.dict().find(key);
  }
  if (!reasoning) return message;
  Entries entries{{Value("thinking"), *reasoning}};
  entries.insert(entries.end(), message.dict().entries().begin(), message.dict().entries().end());
  entries.emplace_back(Value("reasoning_content"), *reasoning);
  return Value::dict(std::move(entries));
}

}  // namespace

Value prepare_messages(const Value& messages) {
  if (!messages.is(jinja::Kind::kList)) {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("messages must be a list of objects, not {}", jinja::type_name(messages)))
        .remedy(R"(for example [{"role": "user", "content": "Hello"}])");
  }
  if (messages.items().empty()) {
    throw Error(ErrorCode::kInvalidArgument,
                "Cannot apply chat template to an empty conversation. Provide at least one message.");
  }
  std::vector<Value> prepared;
  for (const Value& message : messages.items()) {
    if (!message.is_dict()) {
      throw Error(ErrorCode::kInvalidArgument,
                  fmt::format("message {} is no object, but {}", prepared.size(), jinja::repr(message)));
    }
    Entries entries;
    for (const auto& entry : message.dict().entries()) {
      if (!entry.second.is_none()) entries.push_back(entry);
    }
    prepared.push_back(with_reasoning(Value::dict(std::move(entries))));
  }
  return Value::list(std::move(prepared));
}

}  // namespace tessera
