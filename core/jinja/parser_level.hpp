/// What the parser keeps count of while it is inside a construct.
#pragma once

#include <utility>
#include <vector>

#include "core/jinja/limits.hpp"
#include "core/jinja/parser.hpp"

namespace tessera::jinja {

class Parser::Level {
 public:
  explicit Level(Parser& parser) : parser_(parser) {
    if (++parser_.nesting_ > kMaxSyntaxNesting) parser_.fail("the template is nested too deep");
  }
  ~Level() { --parser_.nesting_; }
  Level(const Level&) = delete;
  Level& operator=(const Level&) = delete;

 private:
  Parser& parser_;
};

/// Inside a macro, which is a function of its own: loops and conditions around it do not count.
class MacroLevel {
 public:
  MacroLevel(std::vector<MacroBody*>& macros, int& loops, int& conditions, MacroBody& macro)
      : macros_(macros),
        loops_(loops),
        conditions_(conditions),
        outer_loops_(loops),
        outer_conditions_(conditions) {
    macros_.push_back(&macro);
    loops_ = conditions_ = 0;
  }
  ~MacroLevel() {
    macros_.pop_back();
    loops_ = outer_loops_;
    conditions_ = outer_conditions_;
  }
  MacroLevel(const MacroLevel&) = delete;
  MacroLevel& operator=(const MacroLevel&) = delete;

 private:
  std::vector<MacroBody*>& macros_;
  int &loops_, &conditions_;
  int outer_loops_, outer_conditions_;
};

}  // namespace tessera::jinja
