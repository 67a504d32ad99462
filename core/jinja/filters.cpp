#include "core/jinja/filters.hpp"

#include "core/jinja/failure.hpp"

namespace tessera::jinja {
namespace {

template <const char* kName>
Value refuse(Interpreter&, const Value&, const Arguments&) {
  throw not_supported(std::string("the filter '") + kName + "'");
}

constexpr char kPprint[] = "pprint", kRandom[] = "random", kUrlize[] = "urlize", kWordwrap[] = "wordwrap";

const FilterTable& refused_filters() {
  static const FilterTable kFilters{{kPprint, refuse<kPprint>},
                                    {kRandom, refuse<kRandom>},
                                    {kUrlize, refuse<kUrlize>},
                                    {kWordwrap, refuse<kWordwrap>}};
  return kFilters;
}

}  // namespace

FilterFunction find_filter(std::string_view name) {
  for (const FilterTable* table :
       {&text_filters(), &sequence_filters(), &selection_filters(), &number_filters(), &refused_filters()}) {
    const auto it = table->find(name);
    if (it != table->end()) return it->second;
  }
  return nullptr;
}

}  // namespace tessera::jinja
