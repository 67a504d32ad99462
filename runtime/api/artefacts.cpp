#include "tessera/artefacts.hpp"

#include "core/artefacts/cache.hpp"
#include "tessera/sdk/error.hpp"

namespace tessera {
namespace {

artefacts::DigestProgress digest_progress(const ProgressFn& progress) {
  if (!progress) return {};
  return [progress](uint64_t done, uint64_t total) {
    if (!progress("reading compiled programs", done, total))
      throw Error(ErrorCode::kCancelled, "stopped on request");
  };
}

Artefact artefact_of(const artefacts::Listed& listed) {
  Artefact artefact;
  artefact.folder = listed.folder.string();
  artefact.damage = listed.damage;
  if (!listed.entry) return artefact;
  const artefacts::Entry& entry = *listed.entry;
  artefact.backend = entry.origin.backend;
  artefact.model = entry.origin.model;
  artefact.version = entry.origin.version;
  artefact.created = entry.created;
  artefact.last_used = entry.last_used;
  artefact.bytes = entry.bytes();
  for (const artefacts::KeyPart& part : entry.parts) artefact.key.emplace_back(part.name, part.text);
  return artefact;
}

std::vector<std::string> texts(const std::vector<std::filesystem::path>& paths) {
  std::vector<std::string> found;
  for (const std::filesystem::path& path : paths) found.push_back(path.string());
  return found;
}

}  // namespace

std::string artefact_dir(std::string_view given) {
  return artefacts::cache_root(given).string();
}

std::vector<Artefact> list_artefacts(std::string_view dir, bool read_all, const ProgressFn& progress) {
  const artefacts::Cache cache{std::filesystem::path(dir)};
  std::vector<Artefact> found;
  for (const artefacts::Listed& listed :
       cache.list(read_all ? artefacts::Inspection::kContents : artefacts::Inspection::kStamps,
                  digest_progress(progress)))
    found.push_back(artefact_of(listed));
  return found;
}

PruneResult prune_artefacts(std::string_view dir, const PruneOptions& options) {
  const artefacts::Cache cache{std::filesystem::path(dir)};
  const artefacts::Pruned pruned = cache.prune({.all = options.all,
                                                .read_all = options.read_all,
                                                .unused_seconds = options.unused_seconds,
                                                .most_bytes = options.most_bytes},
                                               digest_progress(options.progress));
  return {texts(pruned.removed), texts(pruned.busy), pruned.bytes};
}

}  // namespace tessera
