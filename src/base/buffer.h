/* A byte buffer that grows up to a named maximum and remembers when it had to stop,
 * so that a writer may append without looking and look once at the end. */
#ifndef PF_BASE_BUFFER_H
#define PF_BASE_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct buffer {
	char *data; /* owned; NUL-terminated once anything was appended */
	size_t length, room, max;
	bool failed; /* no memory, or `max` reached: the content is not whole */
};

void buffer_init(struct buffer *buffer, size_t max);
void buffer_deinit(struct buffer *buffer);
void buffer_append(struct buffer *buffer, const void *bytes, size_t length);
void buffer_print(struct buffer *buffer, const char *format, ...) PF_PRINTF(2, 3);

#endif
