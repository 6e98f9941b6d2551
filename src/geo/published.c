/* The prefixes of contrib/anycast-published.txt, taken in by the assembler so that they are in force wherever the program
 * runs. */
#define _GNU_SOURCE /* strptime */
#include <string.h>
#include <time.h>

#include "geo/anycast.h"

extern const char anycast_published_text[];
__asm__(".section .rodata\n.global anycast_published_text\nanycast_published_text:\n"
        ".incbin \"anycast-published.txt\"\n.byte 0\n.previous\n");

#define LINE_BYTES_MAX 64 /* of a prefix; comments may be longer */

int anycast_read_published(struct anycast *anycast, size_t *count)
{
	*count = 0;
	for (const char *line = anycast_published_text; *line;) {
		char text[LINE_BYTES_MAX];
		struct prefix prefix;
		size_t length = strcspn(line, " \t#\n");
		if (length && length < sizeof text) {
			memcpy(text, line, length);
			text[length] = '\0';
			int error = prefix_parse(text, &prefix);
			if (error == PF_OK)
				error = anycast_add(anycast, &prefix);
			if (error != PF_OK)
				return error;
			++*count;
		}
		line += strcspn(line, "\n");
		line += *line == '\n';
	}
	return PF_OK;
}

int64_t anycast_published_us(void)
{
	static const char words[] = "Written down on ";
	const char *at = strstr(anycast_published_text, words);
	struct tm day = {0};
	if (!at || !strptime(at + sizeof words - 1, "%Y-%m-%d", &day))
		return 0;
	return (int64_t)timegm(&day) * 1000000;
}
