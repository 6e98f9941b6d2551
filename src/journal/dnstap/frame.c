/* The control frames of frame.h. */
#include "journal/dnstap/frame.h"

#include <string.h>

#include "dns/dns.h"

#define HEAD_BYTES 8 /* the escape and the length */
#define CONTENT_TYPE_BYTES (sizeof FRAME_STREAM_DNSTAP - 1)

size_t frame_write(enum frame_type type, uint8_t out[FRAME_BYTES_MAX])
{
	bool typed = type == FRAME_READY || type == FRAME_START;
	size_t length = 4 + (typed ? 8 + CONTENT_TYPE_BYTES : 0);
	dns_write32(out, 0);
	dns_write32(out + 4, (uint32_t)length);
	dns_write32(out + 8, type);
	if (typed) {
		dns_write32(out + 12, FRAME_STREAM_FIELD_CONTENT);
		dns_write32(out + 16, CONTENT_TYPE_BYTES);
		memcpy(out + 20, FRAME_STREAM_DNSTAP, CONTENT_TYPE_BYTES);
	}
	return HEAD_BYTES + length;
}

/* The fields of a frame; PF_EINVAL when they are none. */
static int read_fields(const uint8_t *at, const uint8_t *end, struct frame_control *out)
{
	bool typed = false;
	out->takes_dnstap = false;
	while (at < end) {
		if (end - at < 8)
			return PF_EINVAL;
		uint32_t field = dns_read32(at), length = dns_read32(at + 4);
		at += 8;
		if (field != FRAME_STREAM_FIELD_CONTENT || length > (size_t)(end - at))
			return PF_EINVAL;
		typed = true;
		if (length == CONTENT_TYPE_BYTES && !memcmp(at, FRAME_STREAM_DNSTAP, length))
			out->takes_dnstap = true;
		at += length;
	}
	out->takes_dnstap = out->takes_dnstap || !typed;
	return PF_OK;
}

int frame_read(const uint8_t *bytes, size_t length, struct frame_control *out)
{
	if (length < HEAD_BYTES)
		return 0;
	uint32_t size = dns_read32(bytes + 4);
	if (dns_read32(bytes) || size < 4 || size > FRAME_STREAM_CONTROL_MAX)
		return PF_EINVAL;
	if (length - HEAD_BYTES < size)
		return 0;
	uint32_t type = dns_read32(bytes + HEAD_BYTES);
	if (type < FRAME_ACCEPT || type > FRAME_FINISH)
		return PF_EINVAL;
	out->type = (enum frame_type)type;
	if (read_fields(bytes + HEAD_BYTES + 4, bytes + HEAD_BYTES + size, out) != PF_OK)
		return PF_EINVAL;
	return (int)(HEAD_BYTES + size);
}
