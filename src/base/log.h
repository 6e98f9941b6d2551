/* The daemon's own log: full sentences on stderr, one a line. Under systemd
 * (JOURNAL_STREAM is set) each line starts with the priority that journald
 * reads, see sd-daemon(3); else with the UTC time and the level in words.
 * Text from strangers must be escaped before it comes here; control bytes that
 * still arrive are written as \DDD, so that one message is always one line. */
#ifndef PF_BASE_LOG_H
#define PF_BASE_LOG_H

#include "base/error.h"

enum log_level {
	LOG_LEVEL_ERROR = 3,
	LOG_LEVEL_WARNING = 4,
	LOG_LEVEL_INFO = 6,
	LOG_LEVEL_DEBUG = 7
};

/* Thread-safe: each line is one write(2). */
void log_write(enum log_level level, const char *format, ...) PF_PRINTF(2, 3);

#define log_error(...) log_write(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_write(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_info(...) log_write(LOG_LEVEL_INFO, __VA_ARGS__)

#endif
