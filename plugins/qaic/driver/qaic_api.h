/* What this program calls of libQAic.so, declared by ourselves: the vendor's headers are not public.
 *
 * Sources: the open runtime kit (BSD-3-Clause-Clear, same enums and structs), and public programs that call
 * the closed library. Lines that nobody could check against the real header end in UNCERTAIN: with the SDK at
 * hand, compare those with QAicApi.h and mend them here; nothing else in the tree knows a layout. Structs
 * that the library fills, and whose end is not known, are larger here than they can be there, so that a wrong
 * guess gives wrong values and no damaged memory. Trailing members named `unknown` are never read. */
#ifndef TESSERA_QAIC_API_H
#define TESSERA_QAIC_API_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum QStatus {
  QS_SUCCESS = 0,
  QS_PERM = 1,
  QS_AGAIN = 2,
  QS_NOMEM = 3,
  QS_BUSY = 4,
  QS_NODEV = 5,
  QS_INVAL = 6,
  QS_NOSPC = 7,
  QS_BADFD = 8,
  QS_TIMEDOUT = 9,
  QS_PROTOCOL = 10,
  QS_UNSUPPORTED = 11,
  QS_DATA_CRC_ERROR = 12,
  QS_DEV_ERROR = 300,
  QS_ERROR = 500
} QStatus;

typedef enum QLogLevel { QL_DEBUG = 0, QL_INFO = 1, QL_WARN = 2, QL_ERROR = 3 } QLogLevel;
typedef enum QDevStatus { QDS_INITIALIZING = 0, QDS_READY = 1, QDS_ERROR = 2 } QDevStatus;
typedef enum QBufferType { QBUFFER_TYPE_HEAP = 0, QBUFFER_TYPE_INVAL = 0x7fffffff } QBufferType;
typedef enum QAicProgramActivationCmd {
  QAIC_PROGRAM_CMD_ACTIVATE_FULL = 0,
  QAIC_PROGRAM_CMD_DEACTIVATE_FULL = 1
} QAicProgramActivationCmd;
typedef enum QAicErrorType {
  QAIC_ERROR_CONTEXT_CREATION = 0x100,
  QAIC_ERROR_CONTEXT_RUNTIME = 0x101,
  QAIC_ERROR_PROGRAM_CREATION = 0x200,
  QAIC_ERROR_PROGRAM_RUNTIME_LOAD_FAILED = 0x201,
  QAIC_ERROR_PROGRAM_RUNTIME_ACTIVATION_FAILED = 0x202,
  QAIC_ERROR_QUEUE_CREATION = 0x400,
  QAIC_ERROR_QUEUE_RUNTIME = 0x401,
  QAIC_ERROR_EXECOBJ_CREATION = 0x500,
  QAIC_ERROR_EXECOBJ_RUNTIME = 0x501
} QAicErrorType; /* the numbers are known, the names are ours */

/* Versions of the library that these declarations are for: another major, or a lower minor, is refused. */
#define TESSERA_QAIC_MAJOR 10
#define TESSERA_QAIC_MINOR 0

typedef int32_t QID;
typedef uint32_t QAicContextID;
typedef struct QAicContext QAicContext;
typedef struct QAicQpcObj QAicQpcObj;
typedef struct QAicProgram QAicProgram;
typedef struct QAicQueue QAicQueue;
typedef struct QAicEvent QAicEvent;
typedef struct QAicExecObj QAicExecObj;

typedef struct QBuffer {
  size_t size;
  uint8_t* buf;
  uint64_t handle;
  uint32_t offset;
  QBufferType type;
} QBuffer;

typedef struct QData {
  size_t size;
  uint8_t* data;
} QData;

typedef struct QBufferDimensions {
  uint32_t count;
  uint32_t sizeOfElem;
  uint32_t* dims;
} QBufferDimensions;

/* Only its first member is read. */
typedef struct QDevInfo {
  QDevStatus devStatus;
  uint32_t unknown[4095]; /* UNCERTAIN: PCI, firmware and NSP facts; about 1.5 KB in the open kit */
} QDevInfo;

typedef struct QResourceInfo {
  int32_t QResourceReservationID;
  uint64_t dramTotal, dramFree; /* UNCERTAIN: MB by the header, KiB by one program */
  uint8_t vcTotal, vcFree, nspTotal, nspFree;
  uint32_t mcidTotal, mcidFree, semTotal, semFree;
  uint8_t pcTotal, pcReserved, skuType, padding[5];
  uint64_t unknown[64];
} QResourceInfo;

typedef struct QAicProgramProperties {
  uint32_t selectMask;
  uint32_t SubmitNumRetries;
  uint32_t SubmitRetryTimeoutMs;
  uint64_t reserved02;
  const char* devMapping;     /* UNCERTAIN: place in the struct; "0:1:2:3" */
  uint32_t dataPathTimeoutMs; /* UNCERTAIN: place in the struct; 0 = the driver's */
  uint64_t unknown[64];
} QAicProgramProperties;

typedef struct QAicQueueProperties {
  uint32_t properties; /* 1 = several threads, the default */
  uint32_t numThreadsPerQueue;
  uint64_t unknown[16]; /* UNCERTAIN: more members */
} QAicQueueProperties;

/* The array that QAicQpcInfo points to has an unknown stride: nothing but the counts is read. */
typedef struct QAicQpcInfo {
  uint32_t numPrograms;
  const void* programInfo;
  uint32_t numConstants;
  const void* constantsInfo;
} QAicQpcInfo;

typedef void (*QAicLogCallback)(QLogLevel level, const char* message, void* user); /* <= SDK 1.6: no `user` */
typedef void (*QAicErrorHandler)(QAicContextID context, const char* info, QAicErrorType type,
                                 const void* data, size_t size, void* user);

/* TESSERA_QAIC_FUNCTIONS(X): X(return type, name, (parameters)). All are exported by name; the function table
 * of qaicGetFunctionTable has an order that is not public, so it is not used. */
#define TESSERA_QAIC_FUNCTIONS(X)                                                                         \
  X(QStatus, qaicGetAicVersion,                                                                           \
    (uint16_t * major, uint16_t * minor, const char** patch, const char** variant))                       \
  X(QStatus, qaicGetDeviceInfo, (QID device, QDevInfo * out))                                             \
  X(QStatus, qaicGetResourceInfo, (QID device, QResourceInfo * out))                                      \
  /* 8 parameters since some version after 1.6.71, which had no `logUser` */                              \
  X(QStatus, qaicCreateContext,                                                                           \
    (QAicContext * *out, const void* properties, uint32_t count, const QID* devices, QAicLogCallback log, \
     void* logUser, QAicErrorHandler error, void* errorUser))                                             \
  X(QStatus, qaicReleaseContext, (QAicContext * context))                                                 \
  X(QStatus, qaicOpenQpc,                                                                                 \
    (QAicQpcObj * *out, const uint8_t* bytes, size_t size, bool makeCopy)) /* UNCERTAIN bool */           \
  X(QStatus, qaicQpcGetInfo, (QAicQpcObj * qpc, const QAicQpcInfo** out))                                 \
  X(QStatus, qaicCloseQpc, (QAicQpcObj * qpc))                                                            \
  X(QStatus, qaicProgramPropertiesInitDefault, (QAicProgramProperties * out))                             \
  X(QStatus, qaicCreateProgram,                                                                           \
    (QAicContext * context, QAicProgram * *out, const QAicProgramProperties* properties, QID device,      \
     const char* name, QAicQpcObj* qpc))                                                                  \
  X(QStatus, qaicReleaseProgram, (QAicProgram * program))                                                 \
  X(QStatus, qaicLoadProgram, (QAicProgram * program))                                                    \
  X(QStatus, qaicUnloadProgram, (QAicProgram * program))                                                  \
  X(QStatus, qaicRunActivationCmd, (QAicProgram * program, QAicProgramActivationCmd command))             \
  X(QStatus, qaicProgramGetIoDescriptor, (QAicProgram * program, QData * out))                            \
  X(QStatus, qaicCreateQueue,                                                                             \
    (QAicContext * context, QAicQueue * *out, const QAicQueueProperties* properties, QID device))         \
  X(QStatus, qaicReleaseQueue, (QAicQueue * queue))                                                       \
  X(QStatus, qaicCreateExecObj,                                                                           \
    (QAicContext * context, QAicExecObj * *out, const void* properties, QAicProgram* program,             \
     const QData* ioDesc, uint32_t* numBuffers, QBuffer** buffers))                                       \
  X(QStatus, qaicReleaseExecObj, (QAicExecObj * object))                                                  \
  X(QStatus, qaicExecObjSetDataExt,                                                                       \
    (QAicExecObj * object, uint32_t count, const QBuffer* buffers, const QBufferDimensions* dims))        \
  X(QStatus, qaicEnqueueExecObj, (QAicQueue * queue, QAicExecObj * object, QAicEvent * event))            \
  /* UNCERTAIN: unit of the timeout (callers pass 10^7 to 6*10^7) and its width */                        \
  X(QStatus, qaicExecObjWaitForCompletion, (QAicExecObj * object, uint32_t timeout_us))

#ifdef __cplusplus
}
#endif

#endif
