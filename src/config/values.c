/* The values of values.h. */
#include "config/values.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/countries.h"

/* An IPv4 address in IPv6's clothes never equals a client's: those are unwrapped when they arrive. */
static bool is_plain(struct reader *reader, const struct node *node, const char *key,
                     const struct addr *addr)
{
	struct addr unwrapped = *addr;
	char text[ADDR_TEXT_MAX];
	addr_unmap(&unwrapped);
	if (unwrapped.family == addr->family)
		return true;
	addr_format(&unwrapped, text);
	tell_error(reader, node->pos, "`%s` of `%s` is an IPv4 address; write it as `%s`", node->text,
	           key, text);
	return false;
}

bool value_addr(struct reader *reader, const struct node *node, const char *key, struct addr *addr)
{
	char show[SHOWN_MAX];
	const char *text = reader_text(reader, node, key, "an IP address");
	if (!text)
		return false;
	if (addr_parse(text, addr) == PF_OK)
		return is_plain(reader, node, key, addr);
	tell_error(reader, node->pos,
	           "bad address `%s` for `%s`; write it like 192.0.2.1 or 2001:db8::1",
	           shown(text, show), key);
	return false;
}

/* The network that "192.168.40.7/24" is part of; false when the text is no address with a length. */
static bool network_meant(const char *text, struct prefix *network)
{
	char address[ADDR_TEXT_MAX];
	const char *slash = strchr(text, '/');
	if (!slash || (size_t)(slash - text) >= sizeof address)
		return false;
	memcpy(address, text, (size_t)(slash - text));
	address[slash - text] = '\0';
	size_t digits = strspn(slash + 1, "0123456789");
	if (addr_parse(address, &network->addr) != PF_OK || !digits || digits > 3 || slash[1 + digits])
		return false;
	unsigned length = (unsigned)strtoul(slash + 1, NULL, 10);
	if (length > addr_bits(&network->addr))
		return false;
	network->length = (uint8_t)length;
	for (unsigned bit = length; bit < addr_bits(&network->addr); bit++)
		network->addr.bytes[bit / 8] &= (uint8_t) ~(0x80u >> bit % 8);
	return true;
}

bool value_prefix(struct reader *reader, const struct node *node, const char *key,
                  struct prefix *prefix)
{
	const char *text =
		reader_text(reader, node, key, "an address or a network like 192.168.40.0/24");
	return text && value_prefix_text(reader, node, key, text, prefix);
}

bool value_prefix_text(struct reader *reader, const struct node *node, const char *key,
                       const char *text, struct prefix *prefix)
{
	char show[SHOWN_MAX], meant[PREFIX_TEXT_MAX];
	*prefix = (struct prefix){0};
	if (prefix_parse(text, prefix) == PF_OK)
		return is_plain(reader, node, key, &prefix->addr);
	struct prefix network = {0};
	if (network_meant(text, &network)) {
		prefix_format(&network, meant);
		tell_error(reader, node->pos,
		           "`%s` for `%s` has bits set behind its first %u; did you mean `%s`?",
		           shown(text, show), key, network.length, meant);
		return false;
	}
	const char *slash = strchr(text, '/');
	tell_error(reader, node->pos, "bad %s `%s` for `%s`; write it like %s",
	           slash ? "network" : "address", shown(text, show), key,
	           slash ? "192.168.40.0/24 or 2001:db8::/32" : "192.0.2.1 or 2001:db8::1");
	return false;
}

/* Is only the port wrong? Then the text up to the last divider is an address. */
static bool port_is_wrong(const char *text)
{
	char address[ADDR_PORT_TEXT_MAX];
	const char *port = strrchr(text, '@');
	if (!port)
		port = strrchr(text, ':');
	size_t length = port ? (size_t)(port - text) : 0;
	if (!length || length >= sizeof address)
		return false;
	memcpy(address, text, length);
	address[length] = '\0';
	struct addr_port ignored;
	return (address[0] == '[' || !strchr(address, ':')) &&
	       addr_port_parse(address, 53, &ignored) == PF_OK;
}

bool value_addr_port(struct reader *reader, const struct node *node, const char *key,
                     uint16_t port_default, struct addr_port *addr_port)
{
	char show[SHOWN_MAX];
	const char *text = reader_text(reader, node, key, "an address, with a port or without");
	if (!text)
		return false;
	*addr_port = (struct addr_port){0};
	if (addr_port_parse(text, port_default, addr_port) == PF_OK)
		return is_plain(reader, node, key, &addr_port->addr);
	if (port_is_wrong(text))
		tell_error(reader, node->pos, "bad port in `%s` for `%s`; ports go from 1 to 65535",
		           shown(text, show), key);
	else
		tell_error(reader, node->pos,
		           "bad address `%s` for `%s`; write it like 192.0.2.1:%u or [2001:db8::1]:%u "
		           "(host names are not looked up)",
		           shown(text, show), key, port_default, port_default);
	return false;
}

bool value_mac(struct reader *reader, const struct node *node, struct mac *mac)
{
	static const struct mac none;
	char show[SHOWN_MAX];
	const char *text = reader_text(reader, node, "mac", "a MAC address like 64:bc:0c:80:7e:1f");
	if (!text)
		return false;
	if (mac_parse(text, mac) != PF_OK) {
		tell_error(reader, node->pos,
		           "bad MAC address `%s`; write six pairs of hex digits like 64:bc:0c:80:7e:1f",
		           shown(text, show));
		return false;
	}
	if (!(mac->bytes[0] & 1) && !mac_equal(mac, &none))
		return true;
	tell_error(reader, node->pos, "`%s` is no device's MAC address, but %s", text,
	           mac_equal(mac, &none) ? "all zero" : "that of a group");
	return false;
}

static void add_country(struct config_countries *countries, struct country country)
{
	for (size_t i = 0; i < countries->count; i++)
		if (country_equal(countries->codes[i], country))
			return;
	countries->codes[countries->count++] = country;
}

static void tell_no_country(struct reader *reader, const struct node *item, const char *word)
{
	char show[SHOWN_MAX];
	bool few = reader->diag->count < DIAG_ENTRY_MAX;
	const char *name = NULL, *meant = few ? countries_suggest(word, &name) : NULL;
	shown(word, show);
	if (meant)
		tell_error(reader, item->pos, "unknown country `%s`; did you mean `%s` (%s)?", show, meant,
		           name);
	else
		tell_error(
			reader, item->pos,
			"unknown country `%s`; countries are ISO 3166-1 codes of two letters, like CN, or one "
			"of EU, EEA, EFTA and FVEY (Five Eyes)",
			show);
}

/* Takes one item; whether it begins with `!` must be the same for all. */
static void take_country(struct reader *reader, const struct node *item, const char *key,
                         bool may_negate, bool *first, struct config_countries *countries)
{
	static const char wanted[] = "a country's code like CN";
	struct country found[BLOC_MEMBERS_MAX];
	bool renamed;
	const char *text = reader_text(reader, item, key, wanted);
	if (!text)
		return;
	bool negated = text[0] == '!';
	if (negated && !may_negate) {
		tell_error(reader, item->pos, "`%s` can not be negated with `!`: name the countries", key);
		return;
	}
	const char *word = text + negated;
	if (*first)
		countries->negated = negated;
	else if (countries->negated != negated)
		tell_error(reader, item->pos,
		           "`%s` mixes countries with `!` and without; negate all of them or none", key);
	*first = false;
	size_t count = countries_find(word, found, &renamed);
	if (!count)
		tell_no_country(reader, item, word);
	if (renamed)
		tell_warning(reader, item->pos, "`%s` is taken as `%s`, its code in ISO 3166-1", word,
		             found[0].code);
	for (size_t i = 0; i < count; i++)
		add_country(countries, found[i]);
}

void value_countries(struct reader *reader, const struct node *node, const char *key,
                     bool may_negate, struct config_countries *countries)
{
	const struct list_shape shape = {key, "a country's code or a list of them", COUNTRIES_MAX,
	                                 !may_negate};
	size_t count = reader_list(reader, node, &shape);
	countries->given = true;
	countries->codes = reader_alloc(reader, count ? COUNTRIES_MAX : 0, sizeof *countries->codes);
	if (!countries->codes)
		return;
	bool first = true;
	for (const struct node *item = reader_first(node); item; item = reader_next(node, item))
		take_country(reader, item, key, may_negate, &first, countries);
}

bool value_size(struct reader *reader, const struct node *node, const char *key, uint64_t min,
                uint64_t max, uint64_t *bytes)
{
	static const char units[] = "KMG";
	char show[SHOWN_MAX];
	const char *text = reader_text(reader, node, key, "a size like 64M");
	if (!text)
		return false;
	uint64_t value = 0;
	const char *c = text;
	while (*c >= '0' && *c <= '9' && value <= max)
		value = value * 10 + (uint64_t)(*c++ - '0');
	const char *unit = c > text && *c > ' ' ? strchr(units, *c & ~0x20) : NULL;
	for (long i = 0; unit && i <= unit - units && value <= max; i++)
		value *= 1024;
	c += unit != NULL;
	if (c == text || (*c && value <= max)) {
		tell_error(
			reader, node->pos,
			"bad size `%s` for `%s`; write a whole number with K, M or G behind it, like 64M",
			shown(text, show), key);
		return false;
	}
	if (value < min || value > max) {
		tell_error(reader, node->pos, "`%s` is `%s`, but it must be from %lluM to %lluG", key,
		           shown(text, show), (unsigned long long)(min >> 20),
		           (unsigned long long)(max >> 30));
		return false;
	}
	*bytes = value;
	return true;
}

static bool is_one_of(const char *text, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!strcasecmp(text, words[i]))
			return true;
	return false;
}

int value_switch(const struct node *node)
{
	static const char *const off[] = {"off", "no", "n", "false"};
	static const char *const on[] = {"on", "yes", "y", "true"};
	if (node->kind != NODE_SCALAR)
		return -1;
	if (is_one_of(node->text, off, PF_COUNT(off)))
		return 0;
	return is_one_of(node->text, on, PF_COUNT(on)) ? 1 : -1;
}
