/* A byte buffer that grows up to a named maximum and remembers when it had to stop,
 * so that a writer may append without looking and look once at the end. */
#ifndef PF_BASE_BUFFER_H
#define PF_BASE_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/error.h"

struct buffer {
	char *data; /* owned; NUL-terminated once anything was appended */
	size_t length, room, max;
	bool failed; /* no memory, or `max` reached: the content is not whole */
};

void buffer_init(struct buffer *buffer, size_t max);
void buffer_deinit(struct buffer *buffer);
/* Room for `extra` more bytes and a NUL behind what is there, for who writes it there. False: `failed` is set. */
bool buffer_reserve(struct buffer *buffer, size_t extra);
/* buffer_append where it must grow first, or stop. */
void buffer_append_slowly(struct buffer *buffer, const void *bytes, size_t length);
static inline void buffer_append(struct buffer *buffer, const void *bytes, size_t length)
{
	/* Here, as short texts of a known length are most of what is appended. */
	if (buffer->failed || length >= buffer->room - buffer->length ||
	    length > buffer->max - buffer->length) {
		buffer_append_slowly(buffer, bytes, length);
		return;
	}
	if (length) /* of nothing `bytes` may be NULL */
		memcpy(buffer->data + buffer->length, bytes, length);
	buffer->length += length;
	buffer->data[buffer->length] = '\0';
}
void buffer_print(struct buffer *buffer, const char *format, ...) PF_PRINTF(2, 3);

#endif
