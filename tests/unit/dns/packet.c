/* The little language of packet.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "unit/dns/packet.h"

static void add_byte(struct packet *packet, unsigned byte)
{
	assert_true(packet->length < sizeof packet->bytes);
	packet->bytes[packet->length++] = (uint8_t)byte;
}

static unsigned hex_digit(char c)
{
	const char *digits = "0123456789abcdef", *found = strchr(digits, c);
	if (!c || !found)
		fail_msg("'%c' is no lower-case hex digit", c);
	return (unsigned)(found - digits);
}

/* Returns the text behind the label. */
static const char *add_label(struct packet *packet, const char *text, const char *ends)
{
	size_t length = strcspn(text, ends);
	add_byte(packet, (unsigned)length);
	for (size_t i = 0; i < length; i++)
		add_byte(packet, (uint8_t)text[i]);
	return text + length;
}

static const char *add_name(struct packet *packet, const char *text)
{
	while (*text && *text != ' ') {
		if (*text != '.')
			text = add_label(packet, text, ". ");
		if (*text == '.')
			text++;
	}
	add_byte(packet, 0);
	return text;
}

static const char *add_hex(struct packet *packet, const char *text)
{
	while (*text && *text != ' ') {
		unsigned byte = hex_digit(text[0]) << 4 | hex_digit(text[1]);
		unsigned long count = 1;
		text += 2;
		if (*text == '*')
			count = strtoul(text + 1, (char **)&text, 10);
		while (count--)
			add_byte(packet, byte);
	}
	return text;
}

void packet_add(struct packet *packet, const char *text)
{
	while (*text) {
		if (*text == ' ') {
			text++;
		} else if (*text == '@') {
			text = add_name(packet, text + 1);
		} else if (*text == '=') {
			text = add_label(packet, text + 1, " ");
		} else if (*text == '\'') {
			for (text++; *text && *text != ' '; text++)
				add_byte(packet, (uint8_t)*text);
		} else {
			text = add_hex(packet, text);
		}
	}
}

void packet_answer(struct packet *packet, unsigned flags, const char *name, unsigned type)
{
	char text[16];
	packet->length = 0;
	snprintf(text, sizeof text, "1234%04x0001", flags);
	packet_add(packet, text);
	packet_add(packet, "00*6 @");
	packet->length--;
	add_name(packet, name);
	snprintf(text, sizeof text, "%04x0001", type);
	packet_add(packet, text);
}

void packet_record(struct packet *packet, enum packet_section section, const char *owner,
                   unsigned type, uint32_t ttl, const char *data)
{
	char text[24];
	dns_write16(packet->bytes + section, (uint16_t)(dns_read16(packet->bytes + section) + 1));
	packet_add(packet, owner);
	snprintf(text, sizeof text, "%04x0001%08x0000", type, ttl);
	packet_add(packet, text);
	size_t start = packet->length;
	packet_add(packet, data);
	dns_write16(packet->bytes + start - 2, (uint16_t)(packet->length - start));
}
