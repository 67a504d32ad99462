/// A Jinja template, as Hugging Face's chat templates are written and rendered: Jinja 3.1 with trim_blocks,
/// lstrip_blocks, loop controls, {% generation %}, the immutable sandbox, and its `tojson`,
/// `raise_exception`, `strftime_now`.
///
///   const auto chat = jinja::Template::parse(text, "chat_template.jinja");
///   std::string prompt = chat.render({{"messages", jinja::from_json(json, "messages")}}).text;
#pragma once

#include <ctime>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/jinja/value.hpp"

namespace tessera::jinja {

struct Rendered {
  std::string text;
  /// [begin, end) in bytes of `text`: what generation blocks wrote.
  std::vector<std::pair<size_t, size_t>> generation_spans;
};

/// Immutable: render from any thread.
class Template {
 public:
  /// `name` stands for the template in errors (its file). Throws Error with line and column: kCorruptData for
  /// what is no Jinja, kNotSupported for a tag, filter or test that is not implemented.
  static Template parse(std::string_view source, std::string name);

  /// `now`: what strftime_now sees; null: this machine's clock and time zone. Throws Error with line and
  /// column and the message of Jinja or of the template's raise_exception: kInvalidArgument (the template
  /// does not take these variables, or does not end), kNotSupported.
  Rendered render(const std::vector<std::pair<std::string, Value>>& variables,
                  const std::tm* now = nullptr) const;

 private:
  struct Impl;
  explicit Template(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<const Impl> impl_;
};

}  // namespace tessera::jinja
