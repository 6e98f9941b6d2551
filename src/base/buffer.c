/* The growing buffer of buffer.h. */
#include "base/buffer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void buffer_init(struct buffer *buffer, size_t max)
{
	*buffer = (struct buffer){.max = max};
}

void buffer_deinit(struct buffer *buffer)
{
	free(buffer->data);
	buffer_init(buffer, buffer->max);
}

bool buffer_reserve(struct buffer *buffer, size_t extra)
{
	if (buffer->failed || extra > buffer->max - buffer->length) {
		buffer->failed = true;
		return false;
	}
	size_t need = buffer->length + extra + 1;
	if (need <= buffer->room)
		return true;
	size_t room = buffer->room ? buffer->room : 256;
	while (room < need)
		room *= 2;
	char *grown = realloc(buffer->data, room);
	if (!grown) {
		buffer->failed = true;
		return false;
	}
	buffer->data = grown;
	buffer->room = room;
	return true;
}

void buffer_append_slowly(struct buffer *buffer, const void *bytes, size_t length)
{
	if (!buffer_reserve(buffer, length))
		return;
	if (length)
		memcpy(buffer->data + buffer->length, bytes, length);
	buffer->length += length;
	buffer->data[buffer->length] = '\0';
}

void buffer_print(struct buffer *buffer, const char *format, ...)
{
	va_list arguments, again;
	va_start(arguments, format);
	va_copy(again, arguments);
	int length = vsnprintf(NULL, 0, format, arguments);
	va_end(arguments);
	if (length >= 0 && buffer_reserve(buffer, (size_t)length)) {
		vsnprintf(buffer->data + buffer->length, (size_t)length + 1, format, again);
		buffer->length += (size_t)length;
	}
	va_end(again);
}
