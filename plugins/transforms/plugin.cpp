#include "tessera/sdk/plugin.hpp"
#include "constant_folding.hpp"
#include "device_sampler.hpp"
#include "expose_values.hpp"
#include "fp16.hpp"
#include "fp16_clip.hpp"
#include "inline_functions.hpp"
#include "kv_cache.hpp"
#include "kv_heads_replicate.hpp"
#include "pack_rows.hpp"
#include "pooling.hpp"
#include "qaic_kv_cache.hpp"
#include "qaic_names.hpp"
#include "select_logits.hpp"
#include "slots.hpp"
#include "split_tensors.hpp"
#include "tabulate_rotary.hpp"

using namespace tessera::transforms;  // NOLINT: a list of names
using tessera::sdk::transform;

TESSERA_PLUGIN("transforms", "0.1.0", "Apache-2.0", "Tessera", transform<KvCache>(), transform<Slots>(),
               transform<SelectLogits>(), transform<ExposeValues>(), transform<InlineFunctions>(),
               transform<ConstantFolding>(), transform<PackRows>(), transform<QaicKvCache>(),
               transform<QaicNames>(), transform<TabulateRotary>(), transform<Fp16>(), transform<Fp16Clip>(),
               transform<SplitTensors>(), transform<KvHeadsReplicate>(), transform<Pooling>(),
               transform<DeviceSampler>())
