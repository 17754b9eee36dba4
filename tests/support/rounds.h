/* SPDX-License-Identifier: MIT */
/* How often a law is tried: a quarter as often where each instruction is watched, which takes ten times as long. */
#ifndef RRAMNAS_TESTS_ROUNDS_H
#define RRAMNAS_TESTS_ROUNDS_H

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define TEST_IS_WATCHED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define TEST_IS_WATCHED 1
#endif
#endif

#ifdef TEST_IS_WATCHED
#define TEST_ROUNDS(n) (((n) + 3) / 4)
#else
#define TEST_ROUNDS(n) (n)
#endif

#endif
