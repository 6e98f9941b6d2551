/* Text of a configuration, see fragment.h. */
#include "import/fragment.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "base/hash.h"
#include "config/config.h"
#include "dns/name.h"
#include "match/regex.h"

#define IDS_TEXT_MAX 8192
#define NOTE_MAX 1024
#define URL_BYTES_MAX 2000
#define RULE_TEXT_MAX 120 /* config/ takes 127 bytes */

int fragment_init(struct fragment *fragment, struct import *import)
{
	*fragment = (struct fragment){.import = import};
	struct buffer *buffers[] = {&fragment->upstreams, &fragment->hosts, &fragment->forward,
	                            &fragment->devices,   &fragment->lists, &fragment->notes};
	for (size_t i = 0; i < PF_COUNT(buffers); i++)
		buffer_init(buffers[i], FRAGMENT_BYTES_MAX);
	for (size_t i = 0; i < PHASE_COUNT; i++)
		buffer_init(&fragment->rules[i], FRAGMENT_BYTES_MAX);
	tag_table_init(&fragment->tags);
	fragment->seen = calloc(FRAGMENT_SEEN_MAX, sizeof *fragment->seen);
	return fragment->seen ? PF_OK : PF_ENOMEM;
}

void fragment_deinit(struct fragment *fragment)
{
	struct buffer *buffers[] = {&fragment->upstreams, &fragment->hosts, &fragment->forward,
	                            &fragment->devices,   &fragment->lists, &fragment->notes};
	for (size_t i = 0; i < PF_COUNT(buffers); i++)
		buffer_deinit(buffers[i]);
	for (size_t i = 0; i < PHASE_COUNT; i++)
		buffer_deinit(&fragment->rules[i]);
	free(fragment->seen);
}

/* ---- text -------------------------------------------------------------------------------- */

/* Bytes of the UTF-8 character at `at`; 0: it is none, or a control character. */
static size_t character(const unsigned char *at)
{
	if (at[0] < 0x80)
		return at[0] >= 0x20 && at[0] != 0x7f;
	size_t length = at[0] >= 0xf0 && at[0] < 0xf5   ? 4
	                : at[0] >= 0xe0 && at[0] < 0xf0 ? 3
	                : at[0] >= 0xc2 && at[0] < 0xe0 ? 2
	                                                : 0;
	for (size_t i = 1; i < length; i++)
		if ((at[i] & 0xc0) != 0x80)
			return 0;
	/* C1 controls, surrogates, over-long forms and what is beyond Unicode; line separators and the byte order mark */
	static const struct {
		unsigned char lead, from, to;
	} none[] = {{0xc2, 0x80, 0x9f},
	            {0xe0, 0x80, 0x9f},
	            {0xed, 0xa0, 0xbf},
	            {0xf0, 0x80, 0x8f},
	            {0xf4, 0x90, 0xbf}};
	for (size_t i = 0; i < PF_COUNT(none); i++)
		if (at[0] == none[i].lead && at[1] >= none[i].from && at[1] <= none[i].to)
			return 0;
	if ((at[0] == 0xef && ((at[1] == 0xbf && at[2] >= 0xbe) || (at[1] == 0xbb && at[2] == 0xbf))) ||
	    (at[0] == 0xe2 && at[1] == 0x80 && (at[2] == 0xa8 || at[2] == 0xa9)))
		return 0;
	return length;
}

static bool is_clean(const char *text)
{
	const unsigned char *at = (const unsigned char *)text;
	for (size_t length; *at; at += length)
		if (!(length = character(at)))
			return false;
	return true;
}

/* Appends text that stays in its line; quotes and backslashes as YAML wants them when `quoted`. At most `max` bytes of it. */
static void put_clean(struct buffer *out, const char *text, size_t max, bool quoted)
{
	const unsigned char *at = (const unsigned char *)text;
	while (*at) {
		size_t length = character(at);
		if ((length ? length : 1) > max)
			break;
		max -= length ? length : 1;
		if (quoted && (*at == '"' || *at == '\\'))
			buffer_append(out, "\\", 1);
		buffer_append(out, length ? (const char *)at : "?", length ? length : 1);
		at += length ? length : 1;
	}
}

static void quote(struct buffer *out, const char *text, size_t max)
{
	buffer_append(out, "\"", 1);
	put_clean(out, text, max, true);
	buffer_append(out, "\"", 1);
}

void fragment_quote(struct buffer *out, const char *text)
{
	quote(out, text, FRAGMENT_BYTES_MAX);
}

void fragment_note(struct fragment *fragment, const char *format, ...)
{
	char text[NOTE_MAX];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	buffer_append(&fragment->notes, "# - ", 4);
	put_clean(&fragment->notes, text, sizeof text, false);
	buffer_append(&fragment->notes, "\n", 1);
	fragment->import->noted++;
}

/* ---- what was said before ---------------------------------------------------------------- */

bool fragment_is_new(struct fragment *fragment, char kind, const void *bytes, size_t length)
{
	uint64_t hash = hash_bytes((struct hash_key){(uint64_t)kind}, bytes, length) | 1;
	size_t slot = hash % FRAGMENT_SEEN_MAX;
	while (fragment->seen[slot] && fragment->seen[slot] != hash)
		slot = (slot + 1) % FRAGMENT_SEEN_MAX;
	if (fragment->seen[slot])
		return false;
	if (fragment->seen_count < FRAGMENT_SEEN_MAX / 2) {
		fragment->seen[slot] = hash;
		fragment->seen_count++;
	}
	return true;
}

/* The wish, cut to `size`, with a number behind it when somebody else has that name. */
static void name_anew(struct fragment *fragment, char kind, const char *wish, char *name,
                      size_t size)
{
	struct buffer clean;
	buffer_init(&clean, size * 8);
	wish += strspn(wish, " !"); /* in a rule `!` would negate a list */
	put_clean(&clean, *wish ? wish : "unnamed", size - 8, false);
	while (clean.length && clean.data[clean.length - 1] == ' ')
		clean.data[--clean.length] = '\0';
	snprintf(name, size, "%s", clean.length ? clean.data : "unnamed");
	for (unsigned number = 2; !fragment_is_new(fragment, kind, name, strlen(name)); number++)
		snprintf(name, size, "%s %u", clean.data, number % 1000000);
	buffer_deinit(&clean);
}

/* ---- tags -------------------------------------------------------------------------------- */

const char *fragment_tag(struct fragment *fragment, const char *word)
{
	char name[TAG_NAME_MAX] = "";
	size_t length = 0;
	for (size_t i = TAG_BUILTIN_COUNT; i < fragment->tags.count; i++)
		if (!strncmp(fragment->groups[i], word, sizeof fragment->groups[i] - 1))
			return fragment->tags.names[i];
	for (const char *c = word; *c && length < TAG_NAME_MAX - 4; c++) {
		bool letter = (*c >= 'a' && *c <= 'z') || (*c >= '0' && *c <= '9') || (*c == '_' && length);
		if (letter)
			name[length++] = *c;
		else if (*c >= 'A' && *c <= 'Z')
			name[length++] = (char)(*c | 0x20);
		else if (length && name[length - 1] != '-')
			name[length++] = '-';
	}
	while (length && name[length - 1] == '-')
		length--;
	name[length] = '\0';
	if (!length)
		length = (size_t)sprintf(name, "group");
	for (unsigned number = 2; tag_find(&fragment->tags, name) >= 0 && number < 100; number++)
		sprintf(name + length, "-%u", number);
	int tag = tag_add(&fragment->tags, name);
	if (tag < 0) {
		fragment_note(fragment, "the tag for \"%s\": there are more than %d", word,
		              TAG_MAX - TAG_BUILTIN_COUNT);
		return NULL;
	}
	snprintf(fragment->groups[tag], sizeof fragment->groups[tag], "%s", word);
	return fragment->tags.names[tag];
}

/* ---- devices ----------------------------------------------------------------------------- */

/* `mac` "": none; `networks` NULL: none. */
static void put_device(struct fragment *fragment, const char *name, const char *mac,
                       const char *networks, const char *tags)
{
	char own[64];
	struct buffer *out = &fragment->devices;
	if (fragment->import->devices == CONFIG_DEVICES_MAX) {
		fragment_note(fragment, "the device \"%s\": there are more than %d", name,
		              CONFIG_DEVICES_MAX);
		return;
	}
	name_anew(fragment, 'd', name, own, sizeof own);
	buffer_print(out, "  - {name: ");
	fragment_quote(out, own);
	if (*mac)
		buffer_print(out, ", mac: \"%s\"", mac);
	if (networks)
		buffer_print(out, ", ip: [%s]", networks);
	if (*tags)
		buffer_print(out, ", tags: [%s]", tags);
	buffer_print(out, "}\n");
	fragment->import->devices++;
}

/* "192.168.1.7/24" is the network of that address. */
static bool read_prefix(const char *text, struct prefix *prefix)
{
	char address[ADDR_TEXT_MAX];
	const char *slash = strchr(text, '/');
	size_t length = slash ? (size_t)(slash - text) : strlen(text);
	if (length >= sizeof address)
		return false;
	memcpy(address, text, length);
	address[length] = '\0';
	*prefix = (struct prefix){0};
	if (addr_parse(address, &prefix->addr) != PF_OK)
		return false;
	unsigned bits = addr_bits(&prefix->addr), wanted = bits;
	char end;
	if (slash && (sscanf(slash + 1, "%3u%c", &wanted, &end) != 1 || wanted > bits))
		return false;
	prefix->length = (uint8_t)wanted;
	for (unsigned bit = wanted; bit < bits; bit++)
		prefix->addr.bytes[bit / 8] &= (uint8_t) ~(0x80 >> bit % 8);
	return true;
}

/* Takes a MAC that no other device has. */
static bool take_mac(struct fragment *fragment, const char *name, const char *id,
                     char text[MAC_TEXT_MAX])
{
	struct mac mac;
	if (mac_parse(id, &mac) != PF_OK)
		return false;
	mac_format(&mac, text);
	if (fragment_is_new(fragment, 'm', &mac, sizeof mac))
		return true;
	fragment_note(fragment, "\"%s\" of \"%s\": another device has this MAC address", id, name);
	return false;
}

static void take_network(struct fragment *fragment, const char *name, const char *id,
                         const struct prefix *prefix, struct buffer *networks)
{
	char text[PREFIX_TEXT_MAX];
	if (prefix->length == addr_bits(&prefix->addr))
		addr_format(&prefix->addr, text);
	else
		prefix_format(prefix, text);
	if (fragment_is_new(fragment, 'p', prefix, sizeof *prefix))
		buffer_print(networks, "%s\"%s\"", networks->length ? ", " : "", text);
	else
		fragment_note(fragment, "\"%s\" of \"%s\": another device has this address", id, name);
}

void fragment_device(struct fragment *fragment, const char *name, const char *const *ids,
                     size_t id_count, const char *tags)
{
	struct buffer networks;
	char first[MAC_TEXT_MAX] = "";
	size_t next = 0; /* behind the first MAC */
	buffer_init(&networks, IDS_TEXT_MAX);
	for (size_t i = 0; i < id_count; i++) {
		struct mac mac;
		struct prefix prefix;
		bool is_mac = mac_parse(ids[i], &mac) == PF_OK;
		if (is_mac && !next && take_mac(fragment, name, ids[i], first))
			next = i + 1;
		else if (!is_mac && read_prefix(ids[i], &prefix))
			take_network(fragment, name, ids[i], &prefix, &networks);
		else if (!is_mac)
			fragment_note(fragment,
			              "\"%s\" of \"%s\": devices are known by MAC, address or network", ids[i],
			              name);
	}
	if (networks.failed)
		fragment_note(fragment, "the addresses of \"%s\": they are too many", name);
	if (next || (networks.length && !networks.failed))
		put_device(fragment, name, next ? first : "",
		           networks.failed || !networks.length ? NULL : networks.data, tags);
	for (size_t i = next; next && i < id_count; i++)
		if (take_mac(fragment, name, ids[i], first))
			put_device(fragment, name, first, NULL, tags);
	buffer_deinit(&networks);
}

/* ---- lists and rules --------------------------------------------------------------------- */

static const char *put_list(struct fragment *fragment, const char *name, const char *key,
                            const char *value)
{
	if (fragment->list_count == LIST_MAX) {
		fragment_note(fragment, "the list %s: there are more than %d", value, LIST_MAX);
		return NULL;
	}
	char own[100];
	name_anew(fragment, 'l', name, own, sizeof own);
	struct buffer quoted;
	buffer_init(&quoted, sizeof fragment->list_name - 1);
	fragment_quote(&quoted, own);
	snprintf(fragment->list_name, sizeof fragment->list_name, "%s", quoted.data ? quoted.data : "");
	buffer_deinit(&quoted);
	buffer_print(&fragment->lists, "  - {name: %s, %s: ", fragment->list_name, key);
	fragment_quote(&fragment->lists, value);
	buffer_print(&fragment->lists, "}\n");
	fragment->list_count++;
	fragment->import->lists++;
	return fragment->list_name;
}

/* As config/ wants it: a scheme, visible ASCII, no password, at most so many bytes. */
static bool is_url(const char *url)
{
	static const char *const schemes[] = {"https://", "http://", "file:///"};
	const char *rest = NULL;
	for (size_t i = 0; i < PF_COUNT(schemes) && !rest; i++)
		rest = strncmp(url, schemes[i], strlen(schemes[i])) ? NULL : url + strlen(schemes[i]);
	for (const char *c = url; *c; c++)
		if (*c <= ' ' || *c > '~' || strchr("\"<>\\^`{|}", *c))
			return false;
	return rest && *rest && strlen(url) <= URL_BYTES_MAX &&
	       !memchr(rest, '@', strcspn(rest, "/?#"));
}

const char *fragment_url_list(struct fragment *fragment, const char *name, const char *url)
{
	if (is_url(url))
		return put_list(fragment, name, "url", url);
	fragment_note(fragment, "the list %s: lists come by https, http or file URLs", url);
	return NULL;
}

const char *fragment_file_list(struct fragment *fragment, const char *name, const char *path)
{
	return put_list(fragment, name, "file", path);
}

void fragment_rule(struct fragment *fragment, const struct fragment_rule *rule)
{
	struct buffer *out = &fragment->rules[rule->phase];
	char name[RULE_TEXT_MAX];
	if (fragment->rule_count == CONFIG_RULES_MAX) {
		fragment_note(fragment, "the rule \"%s\" for %s: there are more than %d", rule->name,
		              rule->tags, CONFIG_RULES_MAX);
		return;
	}
	fragment->rule_count++;
	name_anew(fragment, 'r', rule->name, name, sizeof name);
	buffer_print(out, "  - {name: ");
	fragment_quote(out, name);
	buffer_print(out, ", tags: [%s], action: %s%s,\n     %s: [%s]}\n", rule->tags,
	             rule->allow ? "allow" : "sinkhole", rule->more, rule->key, rule->values);
	fragment->import->rules++;
}

bool fragment_domain(const char *text)
{
	static const char good[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
	struct dns_name name;
	return strspn(text, good) == strlen(text) && text[0] != '.' &&
	       dns_name_from_text(text, &name) == PF_OK && name.labels;
}

struct complaint {
	char text[200];
};

static void complain(void *data, size_t place, const char *message)
{
	(void)place;
	struct complaint *complaint = data;
	snprintf(complaint->text, sizeof complaint->text, "%s", message);
}

bool fragment_regex(struct fragment *fragment, const char *text, const char *why_prefix)
{
	struct complaint complaint = {""};
	struct regex_set *set = NULL;
	if (!*text || !is_clean(text)) {
		fragment_note(fragment, "%s \"%s\": it is empty, or no text", why_prefix, text);
		return false;
	}
	const struct regex_teller teller = {complain, &complaint};
	int error = regex_set_new(&text, 1, &teller, NULL, &set);
	regex_set_free(&set);
	if (error == PF_OK)
		return true;
	fragment_note(fragment, "%s \"%s\": it can not be used here (%s)", why_prefix, text,
	              *complaint.text ? complaint.text : pf_strerror(error));
	return false;
}

/* ---- the whole --------------------------------------------------------------------------- */

static void put_section(struct buffer *out, const char *key, const struct buffer *section)
{
	if (section->length)
		buffer_print(out, "%s:\n%s", key, section->data);
}

static void put_tags(struct fragment *fragment, struct buffer *out)
{
	if (fragment->tags.count == TAG_BUILTIN_COUNT)
		return;
	buffer_print(out, "tags: [");
	for (size_t i = TAG_BUILTIN_COUNT; i < fragment->tags.count; i++)
		buffer_print(out, "%s%s", i > TAG_BUILTIN_COUNT ? ", " : "", fragment->tags.names[i]);
	buffer_print(out, "]\n");
}

int fragment_finish(struct fragment *fragment, const char *origin, char error[IMPORT_ERROR_MAX])
{
	struct buffer *out = &fragment->import->text;
	bool failed = fragment->notes.failed || fragment->devices.failed || fragment->lists.failed ||
	              fragment->hosts.failed || fragment->forward.failed || fragment->upstreams.failed;
	buffer_print(out, "# Made by `portafilter import` of ");
	put_clean(out, origin, 1000, false);
	buffer_print(out,
	             ".\n# Add listen, home and geo, and see what portafilter.yaml(5) has to say.\n");
	size_t empty = out->length;
	put_tags(fragment, out);
	put_section(out, "upstreams", &fragment->upstreams);
	put_section(out, "devices", &fragment->devices);
	put_section(out, "hosts", &fragment->hosts);
	put_section(out, "forward", &fragment->forward);
	put_section(out, "lists", &fragment->lists);
	if (fragment->rule_count)
		buffer_print(out, "rules:\n");
	for (size_t i = 0; i < PHASE_COUNT; i++) {
		failed = failed || fragment->rules[i].failed;
		buffer_append(out, fragment->rules[i].data ? fragment->rules[i].data : "",
		              fragment->rules[i].length);
	}
	if (out->length == empty)
		buffer_print(out, "{}\n");
	if (fragment->notes.length)
		buffer_print(out, "\n# Not taken over:\n%s", fragment->notes.data);
	if (failed || out->failed) {
		snprintf(error, IMPORT_ERROR_MAX, "%s holds more than a configuration of 16 MB.", origin);
		return PF_EFULL;
	}
	return PF_OK;
}
