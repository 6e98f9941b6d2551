/* The reader of quick.h. */
#include "lists/quick.h"

#include <string.h>

#define COVERS_ALL (LIST_COVERS_SELF | LIST_COVERS_BELOW)

/* What a byte becomes in a name: itself in lower case. */
#define DOT 1
#define OTHER 0
static const uint8_t becomes[256] = {
	['.'] = DOT, ['-'] = '-', ['_'] = '_', ['0'] = '0', ['1'] = '1', ['2'] = '2', ['3'] = '3',
	['4'] = '4', ['5'] = '5', ['6'] = '6', ['7'] = '7', ['8'] = '8', ['9'] = '9', ['a'] = 'a',
	['b'] = 'b', ['c'] = 'c', ['d'] = 'd', ['e'] = 'e', ['f'] = 'f', ['g'] = 'g', ['h'] = 'h',
	['i'] = 'i', ['j'] = 'j', ['k'] = 'k', ['l'] = 'l', ['m'] = 'm', ['n'] = 'n', ['o'] = 'o',
	['p'] = 'p', ['q'] = 'q', ['r'] = 'r', ['s'] = 's', ['t'] = 't', ['u'] = 'u', ['v'] = 'v',
	['w'] = 'w', ['x'] = 'x', ['y'] = 'y', ['z'] = 'z', ['A'] = 'a', ['B'] = 'b', ['C'] = 'c',
	['D'] = 'd', ['E'] = 'e', ['F'] = 'f', ['G'] = 'g', ['H'] = 'h', ['I'] = 'i', ['J'] = 'j',
	['K'] = 'k', ['L'] = 'l', ['M'] = 'm', ['N'] = 'n', ['O'] = 'o', ['P'] = 'p', ['Q'] = 'q',
	['R'] = 'r', ['S'] = 's', ['T'] = 't', ['U'] = 'u', ['V'] = 'v', ['W'] = 'w', ['X'] = 'x',
	['Y'] = 'y', ['Z'] = 'z',
};

/* A name of two labels or more. What could be an address, or a local name of a hosts file, is left alone. */
static bool read_bare(const char *text, size_t length, struct dns_name *name)
{
	size_t label = 0; /* where the label's length stands; text[i] goes to wire[i + 1] */
	unsigned labels = 1;
	if (!length || length > NAME_WIRE_MAX - 2)
		return false;
	for (size_t i = 0; i < length; i++) {
		uint8_t byte = becomes[(unsigned char)text[i]];
		name->wire[i + 1] = byte;
		if (byte > DOT)
			continue;
		size_t bytes = i - label;
		if (byte == OTHER || !bytes || bytes > NAME_LABEL_MAX)
			return false;
		name->wire[label] = (uint8_t)bytes;
		label = i + 1;
		labels++;
	}
	size_t bytes = length - label;
	if (!bytes || bytes > NAME_LABEL_MAX || labels < 2)
		return false;
	name->wire[label] = (uint8_t)bytes;
	name->wire[length + 1] = 0;
	name->length = (uint8_t)(length + 2);
	name->labels = (uint8_t)labels;
	uint8_t last = name->wire[label + 1];
	return !(last >= '0' && last <= '9') && memcmp(name->wire + 1, "localhost", 9) != 0;
}

static bool starts(const char *text, size_t length, const char *with, size_t bytes)
{
	return length > bytes && !memcmp(text, with, bytes);
}

bool line_quick(const char *text, size_t length, enum list_format format, struct line_item *item)
{
	if (format != LIST_FORMAT_PLAIN && format != LIST_FORMAT_HOSTS && format != LIST_FORMAT_ADBLOCK)
		return false;
	if (length && text[length - 1] == '\r')
		length--;
	item->kind = ITEM_NAME;
	item->covers = format == LIST_FORMAT_HOSTS ? LIST_COVERS_SELF : COVERS_ALL;
	size_t before = 0;
	if (starts(text, length, "0.0.0.0 ", 8)) {
		before = 8;
		item->covers = LIST_COVERS_SELF;
	} else if (starts(text, length, "127.0.0.1 ", 10)) {
		before = 10;
		item->covers = LIST_COVERS_SELF;
	} else if (starts(text, length, "||", 2) && text[length - 1] == '^') {
		before = 2;
		length--;
		item->covers = COVERS_ALL;
	}
	return read_bare(text + before, length - before, &item->name);
}
