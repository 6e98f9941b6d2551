/* Text that came from strangers, as JSON, see text.h. */
#include "report/text.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/buffer.h"
#include "base/clock.h"

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */
#define TEXT_BYTES_MAX (64u << 10) /* of one member; what the journal holds is far shorter */
#define UTF8_BYTES_MAX 4

/* Bytes of the character at `text` (RFC 3629), 0 when it is none. Stops at the NUL. */
static size_t character_bytes(const unsigned char *text)
{
	static const struct {
		unsigned char mask, lead;
		uint32_t least; /* shorter ways to write the same are refused */
	} forms[UTF8_BYTES_MAX] = {{0x80, 0x00, 0},
	                           {0xe0, 0xc0, 0x80},
	                           {0xf0, 0xe0, 0x800},
	                           {0xf8, 0xf0, 0x10000}};
	for (size_t i = 0; i < UTF8_BYTES_MAX; i++) {
		if ((text[0] & forms[i].mask) != forms[i].lead)
			continue;
		uint32_t code = text[0] & (unsigned char)~forms[i].mask;
		for (size_t k = 1; k <= i; k++) {
			if ((text[k] & 0xc0) != 0x80)
				return 0;
			code = code << 6 | (text[k] & 0x3f);
		}
		bool surrogate = code >= 0xd800 && code <= 0xdfff;
		return code < forms[i].least || code > 0x10ffff || surrogate ? 0 : i + 1;
	}
	return 0;
}

json_t *report_text(const char *text)
{
	json_t *string = json_string(text);
	if (string)
		return string;
	struct buffer clean;
	buffer_init(&clean, TEXT_BYTES_MAX);
	for (const char *c = text; *c;) {
		size_t bytes = character_bytes((const unsigned char *)c);
		buffer_append(&clean, bytes ? c : REPLACEMENT, bytes ? bytes : strlen(REPLACEMENT));
		c += bytes ? bytes : 1;
	}
	if (!clean.failed && clean.data)
		string = json_string(clean.data);
	buffer_deinit(&clean);
	return string;
}

json_t *report_time(int64_t wall_us)
{
	char text[CLOCK_TEXT_MAX];
	if (!wall_us)
		return json_null();
	clock_format(wall_us, text);
	return json_string(text);
}

const char *report_member(json_t *object, const char *member)
{
	const char *text = json_string_value(json_object_get(object, member));
	return text ? text : "";
}
