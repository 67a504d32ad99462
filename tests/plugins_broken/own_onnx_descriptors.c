/* Looks like a plugin that was linked with generated ONNX code and the shared protobuf: the bytes of a
 * serialized descriptor, and a need for libprotobuf (the build links it). Loading a real one would abort the
 * process. */
#include "valid.h"

__attribute__((used)) static const char descriptor[] = "\x0A\x12onnx/onnx-ml.proto\x12\x04onnx";

BROKEN_PLUGIN((void)0)
