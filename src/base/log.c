/* One line to stderr, see log.h. There is no state: stderr is the process's. */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LOG_LINE_MAX 2048 /* longer messages are cut: a log is no store */

static size_t line_start(char *line, size_t size, enum log_level level)
{
	if (getenv("JOURNAL_STREAM"))
		return (size_t)snprintf(line, size, "<%d>", (int)level);
	const char *word = level == LOG_LEVEL_ERROR     ? "error"
	                   : level == LOG_LEVEL_WARNING ? "warning"
	                   : level == LOG_LEVEL_INFO    ? "info"
	                                                : "debug";
	struct timespec now;
	struct tm utc;
	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &utc);
	size_t used = strftime(line, size, "%Y-%m-%dT%H:%M:%S", &utc);
	return used +
	       (size_t)snprintf(line + used, size - used, ".%03ldZ %s: ", now.tv_nsec / 1000000, word);
}

void log_write(enum log_level level, const char *format, ...)
{
	char text[LOG_LINE_MAX], line[LOG_LINE_MAX];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);

	size_t used = line_start(line, sizeof line, level);
	for (const char *c = text; *c && used < sizeof line - 6; c++) {
		unsigned char byte = (unsigned char)*c;
		if (byte < 0x20 || byte == 0x7f)
			used += (size_t)snprintf(line + used, sizeof line - used, "\\%03u", byte);
		else
			line[used++] = *c;
	}
	line[used++] = '\n';
	ssize_t written = write(STDERR_FILENO, line, used);
	(void)written; /* nobody is left to tell */
}
