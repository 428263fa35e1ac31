/* sanitize.h - which checkers watch this build. */
#ifndef EDDY_CONTEXT_SANITIZE_H
#define EDDY_CONTEXT_SANITIZE_H

#ifdef __has_feature
#define EDDY__HAS_FEATURE(x) __has_feature(x)
#else
#define EDDY__HAS_FEATURE(x) 0
#endif

#if defined(__SANITIZE_ADDRESS__) || EDDY__HAS_FEATURE(address_sanitizer)
#define EDDY__ASAN 1
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#else
#define EDDY__ASAN 0
#endif

#if defined(__SANITIZE_THREAD__) || EDDY__HAS_FEATURE(thread_sanitizer)
#define EDDY__TSAN 1
#include <sanitizer/tsan_interface.h>
#else
#define EDDY__TSAN 0
#endif

#if __has_include(<valgrind/valgrind.h>)
#define EDDY__VALGRIND 1
#else
#define EDDY__VALGRIND 0
#endif

#endif
