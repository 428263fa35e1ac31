/* sanitize.h - which checkers watch this build, and what they are told of memory that is given back
 * to a pool of the library's own. */
#ifndef EDDY_BASE_SANITIZE_H
#define EDDY_BASE_SANITIZE_H

#ifdef __has_feature
#define EDDY__HAS_FEATURE(x) __has_feature(x)
#else
#define EDDY__HAS_FEATURE(x) 0
#endif

#if defined(__SANITIZE_ADDRESS__) || EDDY__HAS_FEATURE(address_sanitizer)
#define EDDY__ASAN 1
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#define eddy__forbid(memory, size) __asan_poison_memory_region((memory), (size))
#define eddy__allow(memory, size) __asan_unpoison_memory_region((memory), (size))
#define eddy__is_forbidden(memory) __asan_address_is_poisoned(memory)
#else
#define EDDY__ASAN 0
#define eddy__forbid(memory, size) ((void)(memory), (void)(size))
#define eddy__allow(memory, size) ((void)(memory), (void)(size))
#define eddy__is_forbidden(memory) ((void)(memory), 0)
#endif

#if defined(__SANITIZE_THREAD__) || EDDY__HAS_FEATURE(thread_sanitizer)
#define EDDY__TSAN 1
#include <sanitizer/tsan_interface.h>
#else
#define EDDY__TSAN 0
#endif

#if __has_include(<valgrind/valgrind.h>)
#define EDDY__VALGRIND 1
#include <valgrind/valgrind.h>
#define eddy__hush_valgrind() VALGRIND_DISABLE_ERROR_REPORTING
#define eddy__unhush_valgrind() VALGRIND_ENABLE_ERROR_REPORTING
#else
#define EDDY__VALGRIND 0
#define eddy__hush_valgrind() (void)0
#define eddy__unhush_valgrind() (void)0
#endif

#endif
