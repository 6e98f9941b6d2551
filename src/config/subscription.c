/* The keys of subscription.h. */
#include "config/subscription.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "config/values.h"

#define URL_BYTES_MAX 2048 /* longer ones are cut by servers and proxies on the way */
#define DNS_PORT 53
#define KEY_NAME_BYTES_MAX 256
#define PATH_SLUG_BYTES 40 /* of the name, for people who look into the folder */
#define SECOND_US 1000000LL
#define REFRESH_DEFAULT_US (24 * 3600 * SECOND_US)
#define REFRESH_MIN_US SECOND_US
#define TIMEOUT_DEFAULT_US (600 * SECOND_US)
#define TIMEOUT_MAX_US (24 * 3600 * SECOND_US)
#define SIZE_DEFAULT (128u << 20) /* some five million names */
#define SIZE_MIN (1u << 20)
#define SIZE_MAX_BYTES (1u << 30) /* what the reader of lists takes of a file */

void subscription_defaults(struct config_list *list)
{
	list->refresh_us = REFRESH_DEFAULT_US;
	list->timeout_us = TIMEOUT_DEFAULT_US;
	list->bytes_max = SIZE_DEFAULT;
}

void subscription_deinit(struct config_list *list)
{
	free(list->url);
	free(list->ca_file);
	if (list->rpz)
		free(list->rpz->secret_file);
	free(list->rpz);
}

/* What can stand in a URL (RFC 3986), so that it may also stand in a line of a log. */
static bool is_url_text(const char *text)
{
	for (const char *c = text; *c; c++)
		if (*c <= ' ' || *c > '~' || strchr("\"<>\\^`{|}", *c))
			return false;
	return true;
}

void subscription_url(struct reader *reader, const struct node *node, void *target)
{
	static const char *const schemes[] = {"https://", "http://", "file:///"};
	struct config_list *list = target;
	char show[SHOWN_MAX];
	const char *text = reader_text(reader, node, "url", "a URL like https://lists.example/tv.txt");
	if (!text)
		return;
	size_t scheme = 0;
	while (scheme < PF_COUNT(schemes) && strncmp(text, schemes[scheme], strlen(schemes[scheme])))
		scheme++;
	size_t length = strlen(text);
	if (scheme == PF_COUNT(schemes) || !is_url_text(text) || length > URL_BYTES_MAX) {
		tell_error(reader, node->pos,
		           "bad URL `%s` for `url`; it begins with https://, http:// or file:/// and has "
		           "at most %d bytes, none of them a blank",
		           shown(text, show), URL_BYTES_MAX);
		return;
	}
	const char *host = text + strlen(schemes[scheme]);
	if (memchr(host, '@', strcspn(host, "/?#"))) {
		tell_error(reader, node->pos,
		           "`url` holds a user or a password, which logs and the API would show; lists "
		           "that need one can not be subscribed to");
		return;
	}
	list->url = reader_copy(reader, text);
}

void subscription_refresh(struct reader *reader, const struct node *node, void *target)
{
	struct config_list *list = target;
	reader_duration(reader, node, "refresh", &list->refresh_us);
	if (list->refresh_us < REFRESH_MIN_US) {
		tell_error(reader, node->pos, "`refresh` must be at least 1s");
		list->refresh_us = REFRESH_MIN_US;
	}
}

void subscription_timeout(struct reader *reader, const struct node *node, void *target)
{
	struct config_list *list = target;
	reader_duration(reader, node, "timeout", &list->timeout_us);
	if (list->timeout_us < SECOND_US || list->timeout_us > TIMEOUT_MAX_US)
		tell_error(reader, node->pos, "`timeout` must be from 1s to 24h");
}

void subscription_max_size(struct reader *reader, const struct node *node, void *target)
{
	struct config_list *list = target;
	uint64_t bytes;
	if (value_size(reader, node, "max-size", SIZE_MIN, SIZE_MAX_BYTES, &bytes))
		list->bytes_max = bytes;
}

void subscription_allow_private(struct reader *reader, const struct node *node, void *target)
{
	/* YAML 1.1 knows many spellings of the same two words. */
	static const char *const words[] = {"false", "true", "no", "yes", "off", "on"};
	int word = reader_word(reader, node, "allow-private", words, PF_COUNT(words));
	if (word >= 0)
		((struct config_list *)target)->allow_private = word % 2;
}

static char *read_path(struct reader *reader, const struct node *node, const char *key)
{
	struct file_identity ignored;
	char *path = reader_path(reader, node, key);
	if (path)
		(void)reader_file_opens(reader, node->pos, key, path, &ignored);
	return path;
}

void subscription_ca_file(struct reader *reader, const struct node *node, void *target)
{
	((struct config_list *)target)->ca_file = read_path(reader, node, "ca-file");
}

/* ---- rpz --------------------------------------------------------------------------------- */

static void read_name(struct reader *reader, const struct node *node, const char *key,
                      struct dns_name *name)
{
	char show[SHOWN_MAX];
	const char *text = reader_text(reader, node, key, "a domain name");
	if (text && (dns_name_from_text(text, name) != PF_OK || !name->labels))
		tell_error(reader, node->pos, "bad domain name `%s` for `%s`", shown(text, show), key);
}

static void read_zone(struct reader *reader, const struct node *node, void *target)
{
	read_name(reader, node, "zone", &((struct config_rpz *)target)->zone);
}

static void read_primary(struct reader *reader, const struct node *node, void *target)
{
	struct config_rpz *rpz = target;
	(void)value_addr_port(reader, node, "primary", DNS_PORT, &rpz->primary);
}

static void read_key(struct reader *reader, const struct node *node, void *target)
{
	read_name(reader, node, "name", &((struct config_rpz *)target)->key_name);
}

static void read_algorithm(struct reader *reader, const struct node *node, void *target)
{
	static const char *const words[] = {"hmac-sha256", "hmac-sha384", "hmac-sha512"};
	struct config_rpz *rpz = target;
	int word = reader_word(reader, node, "algorithm", words, PF_COUNT(words));
	if (word >= 0)
		rpz->algorithm = (enum tsig_algorithm)word; /* in the order of the enum */
}

static void read_secret(struct reader *reader, const struct node *node, void *target)
{
	((struct config_rpz *)target)->secret_file = read_path(reader, node, "secret-file");
}

static void read_tsig(struct reader *reader, const struct node *node, void *target)
{
	static const struct field fields[] = {
		{"name", read_key, true},
		{"algorithm", read_algorithm, false},
		{"secret-file", read_secret, true},
	};
	struct config_rpz *rpz = target;
	rpz->tsig = true;
	(void)reader_mapping(reader, node, "`tsig`", fields, PF_COUNT(fields), rpz);
}

void subscription_rpz(struct reader *reader, const struct node *node, void *target)
{
	static const struct field fields[] = {
		{"zone", read_zone, true},
		{"primary", read_primary, true},
		{"tsig", read_tsig, false},
	};
	struct config_list *list = target;
	list->format = LIST_FORMAT_RPZ;
	list->rpz = reader_alloc(reader, 1, sizeof *list->rpz);
	if (list->rpz)
		(void)reader_mapping(reader, node, "`rpz`", fields, PF_COUNT(fields), list->rpz);
}

/* ---- the copy ---------------------------------------------------------------------------- */

static void name_source(const struct config_list *list, char *text, size_t size)
{
	char zone[NAME_TEXT_MAX], primary[ADDR_PORT_TEXT_MAX];
	if (list->url) {
		snprintf(text, size, "%s", list->url);
		return;
	}
	dns_name_to_text(&list->rpz->zone, zone);
	addr_port_format(&list->rpz->primary, primary);
	snprintf(text, size, "rpz:%s@%s", zone, primary);
}

void subscription_place(struct reader *reader, struct config_list *list)
{
	char source[URL_BYTES_MAX + 1], slug[PATH_SLUG_BYTES + 1];
	size_t length = 0;
	name_source(list, source, sizeof source);
	for (const char *c = list->name ? list->name : ""; *c && length < PATH_SLUG_BYTES; c++)
		slug[length++] = strchr("abcdefghijklmnopqrstuvwxyz0123456789-", *c) ? *c : '_';
	slug[length] = '\0';
	/* Not keyed: it must be the same after a restart, and who could choose it is the owner. */
	unsigned long long hash = hash_bytes((struct hash_key){0}, source, strlen(source)) ^
	                          hash_bytes((struct hash_key){1}, list->name ? list->name : "",
	                                     list->name ? strlen(list->name) : 0);
	const char *state = reader->config->state;
	size_t size = (state ? strlen(state) : 0) + sizeof "/lists/" + sizeof slug + 24;
	list->file = reader_alloc(reader, size, 1);
	if (list->file)
		snprintf(list->file, size, "%s/lists/%s-%016llx", state ? state : "", slug, hash);
}
