/* gravity.db: groups become tags, clients devices, adlists lists, and entries of the domain list rules. Whom Pi-hole does not know
 * is in its group 0; who it knows is in that only when it says so. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "import/fragment.h"
#include "import/pihole/network.h"

#define GROUPS_MAX 4096
#define TAGS_TEXT_MAX 2560 /* 64 tags, divided */
#define DEFAULT_GROUP 0
#define CLIENTS_MAX 4096
#define CLIENT_IDS_MAX 64 /* addresses of one client that are tied together */

/* A client as Pi-hole's owner wrote it: a MAC, an address, a network, or a name. */
struct client {
	char *id, *name, *tags; /* owned */
	bool has_mac, taken;
	struct mac mac; /* its own, or that of its address */
};

struct group {
	int64_t id;
	bool enabled, used;
	char name[64];
};

struct gravity {
	const char *path;
	char *error; /* IMPORT_ERROR_MAX */
	sqlite3 *db;
	struct fragment fragment;
	bool clients; /* there are some: then group 0 is not everybody */
	size_t group_count;
	struct group *groups; /* owned; GROUPS_MAX */
	size_t client_count;
	struct client *list;     /* owned; CLIENTS_MAX */
	struct network *network; /* owned; NULL: there is no pihole-FTL.db beside it */
};

static int each(struct gravity *gravity, const char *sql,
                int (*take)(struct gravity *gravity, sqlite3_stmt *row))
{
	sqlite3_stmt *row = NULL;
	int result = database_prepare(gravity->db, gravity->path, sql, &row, gravity->error);
	while (result == PF_OK && (result = database_step(row, gravity->path, gravity->error)) == PF_OK)
		result = take(gravity, row);
	sqlite3_finalize(row);
	return result == PF_ENOENT ? PF_OK : result;
}

/* ---- groups ------------------------------------------------------------------------------ */

static int take_group(struct gravity *gravity, sqlite3_stmt *row)
{
	if (gravity->group_count == GROUPS_MAX) {
		snprintf(gravity->error, IMPORT_ERROR_MAX, "%s has more than %d groups.", gravity->path,
		         GROUPS_MAX);
		return PF_EFULL;
	}
	struct group *group = &gravity->groups[gravity->group_count++];
	group->id = sqlite3_column_int64(row, 0);
	group->enabled = sqlite3_column_int(row, 1);
	snprintf(group->name, sizeof group->name, "%s", database_text(row, 2));
	if (!group->enabled)
		fragment_note(&gravity->fragment, "the group \"%s\": it is switched off", group->name);
	return PF_OK;
}

static void add_tag(char *tags, const char *tag)
{
	size_t used = strlen(tags);
	snprintf(tags + used, TAGS_TEXT_MAX - used, "%s%s", used ? ", " : "", tag);
}

/* "0,3": the tags of these groups, without those that are switched off. Rules for group 0 are for those that nobody knows, too. */
static void tags_of(struct gravity *gravity, const char *groups, bool of_rule,
                    char tags[TAGS_TEXT_MAX])
{
	tags[0] = '\0';
	for (const char *at = groups; *at;) {
		char *end;
		int64_t id = strtoll(at, &end, 10);
		if (end == at)
			break;
		at = *end == ',' ? end + 1 : end;
		for (size_t i = 0; i < gravity->group_count; i++) {
			struct group *group = &gravity->groups[i];
			if (group->id != id || !group->enabled)
				continue;
			if (id == DEFAULT_GROUP && !gravity->clients) {
				strcpy(tags, "all");
				return;
			}
			const char *tag = fragment_tag(&gravity->fragment, group->name);
			if (tag)
				add_tag(tags, tag);
			if (id == DEFAULT_GROUP && of_rule)
				add_tag(tags, "unknown");
		}
	}
}

/* ---- clients ----------------------------------------------------------------------------- */

static int take_client(struct gravity *gravity, sqlite3_stmt *row)
{
	char tags[TAGS_TEXT_MAX];
	struct addr addr = {0};
	const char *id = database_text(row, 0), *comment = database_text(row, 1);
	tags_of(gravity, database_text(row, 2), false, tags);
	if (gravity->client_count == CLIENTS_MAX) {
		fragment_note(&gravity->fragment, "the client \"%s\": there are more than %d", id,
		              CLIENTS_MAX);
		return PF_OK;
	}
	struct client *client = &gravity->list[gravity->client_count++];
	client->id = strdup(id);
	client->name = strdup(*comment ? comment : id);
	client->tags = strdup(tags);
	const struct mac *mac =
		addr_parse(id, &addr) == PF_OK ? network_find(gravity->network, &addr) : NULL;
	client->has_mac = mac || mac_parse(id, &client->mac) == PF_OK;
	if (mac)
		client->mac = *mac;
	return client->id && client->name && client->tags ? PF_OK : PF_ENOMEM;
}

/* Tied to the MAC of `first` by its address. One in other groups can not be: a device is one, whatever address it asks from. */
static bool is_tied(struct gravity *gravity, const struct client *first, struct client *other)
{
	struct mac own;
	if (other->taken || !other->has_mac || memcmp(&first->mac, &other->mac, sizeof first->mac) ||
	    mac_parse(other->id, &own) == PF_OK)
		return false;
	other->taken = true;
	if (!strcmp(first->tags, other->tags))
		return true;
	fragment_note(&gravity->fragment,
	              "\"%s\" of \"%s\": it is an address of \"%s\", which is in other groups",
	              other->id, other->name, first->name);
	return false;
}

/* A client, with the others that Pi-hole saw under its MAC. */
static void put_client(struct gravity *gravity, struct client *first)
{
	struct client *end = gravity->list + gravity->client_count;
	const char *ids[CLIENT_IDS_MAX];
	char mac[MAC_TEXT_MAX];
	struct mac own;
	size_t count = 0;
	if (first->has_mac) {
		mac_format(&first->mac, mac);
		ids[count++] = mac;
	}
	if (mac_parse(first->id, &own) != PF_OK)
		ids[count++] = first->id;
	for (struct client *other = gravity->list; first->has_mac && other < end; other++)
		if (count < CLIENT_IDS_MAX && is_tied(gravity, first, other))
			ids[count++] = other->id;
	fragment_device(&gravity->fragment, first->name, ids, count, first->tags);
}

/* MACs that were written down come first: an address is tied to them, not they to it. */
static void put_clients(struct gravity *gravity)
{
	struct mac own;
	for (int written = 1; written >= 0; written--)
		for (size_t i = 0; i < gravity->client_count; i++) {
			struct client *client = &gravity->list[i];
			if (client->taken || (mac_parse(client->id, &own) == PF_OK) != written)
				continue;
			client->taken = true;
			put_client(gravity, client);
		}
}

/* The table of who is who stands in the database of queries, which is not always there. */
static int read_network(struct gravity *gravity)
{
	char path[PATH_MAX], error[IMPORT_ERROR_MAX];
	const char *slash = strrchr(gravity->path, '/');
	sqlite3 *db = NULL;
	int length = snprintf(path, sizeof path, "%.*spihole-FTL.db",
	                      slash ? (int)(slash - gravity->path) + 1 : 0, gravity->path);
	if (length >= (int)sizeof path || access(path, R_OK))
		return PF_OK;
	int result = database_open(path, &db, error);
	if (result == PF_OK)
		result = network_read(db, path, &gravity->network, error);
	if (result != PF_OK && result != PF_ENOMEM) {
		fragment_note(&gravity->fragment, "which addresses are one client: %s", error);
		result = PF_OK;
	}
	sqlite3_close(db);
	return result;
}

static int count_client(struct gravity *gravity, sqlite3_stmt *row)
{
	gravity->clients = sqlite3_column_int64(row, 0) > 0;
	return PF_OK;
}

/* ---- lists ------------------------------------------------------------------------------- */

/* What a URL is called when nobody has given it a name: its host and the end of its path. */
static void name_url(const char *url, char name[64])
{
	const char *host = strstr(url, "://");
	host = host ? host + 3 : url;
	int host_length = (int)strcspn(host, "/");
	const char *last = strrchr(host, '/');
	snprintf(name, 64, "%.*s%s%.24s", host_length < 36 ? host_length : 36, host,
	         last && last[1] ? " " : "", last ? last + 1 : "");
}

static int take_list(struct gravity *gravity, sqlite3_stmt *row)
{
	char tags[TAGS_TEXT_MAX], name[64];
	const char *url = database_text(row, 0), *comment = database_text(row, 1);
	bool allow = sqlite3_column_int(row, 4) == 1;
	if (!sqlite3_column_int(row, 3)) {
		fragment_note(&gravity->fragment, "the list %s: it is switched off", url);
		return PF_OK;
	}
	tags_of(gravity, database_text(row, 2), true, tags);
	if (!*tags) {
		fragment_note(&gravity->fragment, "the list %s: it is in no group that is switched on",
		              url);
		return PF_OK;
	}
	name_url(url, name);
	const char *list = fragment_url_list(&gravity->fragment, *comment ? comment : name, url);
	if (list) {
		const struct fragment_rule rule = {allow ? PHASE_ALLOW_LISTS : PHASE_DENY_LISTS,
		                                   allow ? "allow list" : "blocklist",
		                                   tags,
		                                   allow,
		                                   "lists",
		                                   list,
		                                   ""};
		fragment_rule(&gravity->fragment, &rule);
	}
	return PF_OK;
}

/* ---- domains ----------------------------------------------------------------------------- */

enum domain_type { EXACT_ALLOW, EXACT_DENY, REGEX_ALLOW, REGEX_DENY, DOMAIN_TYPE_COUNT };
static const struct {
	enum fragment_phase phase;
	const char *name;
	bool allow;
} domain_types[DOMAIN_TYPE_COUNT] = {
	{PHASE_ALLOW, "allowed domains", true},
	{PHASE_DENY, "denied domains", false},
	{PHASE_ALLOW, "allowed expressions", true},
	{PHASE_DENY_REGEX, "denied expressions", false},
};

/* Entries that differ in their values alone, for one rule. */
struct gathered {
	struct buffer values;
	size_t count;
	enum domain_type type;
	char tags[TAGS_TEXT_MAX], more[160];
};

static void flush(struct gravity *gravity, struct gathered *gathered)
{
	if (gathered->count) {
		const struct fragment_rule rule = {domain_types[gathered->type].phase,
		                                   domain_types[gathered->type].name,
		                                   gathered->tags,
		                                   domain_types[gathered->type].allow,
		                                   "names",
		                                   gathered->values.data,
		                                   gathered->more};
		fragment_rule(&gravity->fragment, &rule);
	}
	gathered->values.length = gathered->count = 0;
}

static void gather(struct gravity *gravity, struct gathered *gathered, enum domain_type type,
                   const char *tags, const char *more, const char *value)
{
	if (gathered->count && (gathered->type != type || gathered->count == FRAGMENT_VALUES_MAX ||
	                        strcmp(gathered->tags, tags) || strcmp(gathered->more, more)))
		flush(gravity, gathered);
	gathered->type = type;
	snprintf(gathered->tags, sizeof gathered->tags, "%s", tags);
	snprintf(gathered->more, sizeof gathered->more, "%s", more);
	if (gathered->count++)
		buffer_append(&gathered->values, ", ", 2);
	fragment_quote(&gathered->values, value);
}

/* Pi-hole's own options behind an expression: ";querytype=A,AAAA;reply=NXDOMAIN". False: one has no equal here, which is noted. */
static bool read_options(struct gravity *gravity, const char *domain, char *options, bool allow,
                         char more[160])
{
	static const char *const replies[][2] = {{"nxdomain", "nxdomain"}, {"nodata", "nodata"},
	                                         {"refused", "refused"},   {"ip", "null"},
	                                         {"null", "null"},         {"none", "drop"}};
	size_t used = 0;
	more[0] = '\0';
	for (char *option; (option = strsep(&options, ";"));) {
		bool known = false;
		if (!strncasecmp(option, "querytype=", 10) &&
		    strspn(option + 10,
		           "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789,") ==
		        strlen(option + 10) &&
		    strcasecmp(option + 10, "other") && strcasecmp(option + 10, "any") &&
		    strlen(option) < 60) {
			used += (size_t)snprintf(more + used, 160 - used, ", types: [%s]", option + 10);
			known = true;
		}
		for (size_t i = 0; i < PF_COUNT(replies) && !allow; i++)
			if (!strncasecmp(option, "reply=", 6) && !strcasecmp(option + 6, replies[i][0])) {
				used += (size_t)snprintf(more + used, 160 - used, ", reply: %s", replies[i][1]);
				known = true;
			}
		if (!known || used >= 160) {
			fragment_note(&gravity->fragment, "the expression \"%s\": `;%s` has no equal here",
			              domain, option);
			return false;
		}
	}
	return true;
}

static void take_regex(struct gravity *gravity, struct gathered *gathered, enum domain_type type,
                       const char *tags, const char *domain)
{
	char more[160] = "", *text = strdup(domain);
	char *options = text ? strchr(text, ';') : NULL;
	if (options)
		*options++ = '\0';
	if (text &&
	    (!options || read_options(gravity, domain, options, domain_types[type].allow, more)) &&
	    fragment_regex(&gravity->fragment, text, "the expression")) {
		char *value = malloc(strlen(text) + 3);
		if (value) {
			sprintf(value, "/%s/", text);
			gather(gravity, gathered, type, tags, more, value);
		}
		free(value);
	}
	free(text);
}

static void take_domain(struct gravity *gravity, struct gathered *gathered, sqlite3_stmt *row)
{
	static const char *const actions[] = {"denied", "allowed"};
	char tags[TAGS_TEXT_MAX];
	const char *domain = database_text(row, 1);
	int type = sqlite3_column_int(row, 0);
	if (type < 0 || type >= DOMAIN_TYPE_COUNT) {
		fragment_note(&gravity->fragment, "the domain \"%s\": its type %d is not known", domain,
		              type);
		return;
	}
	const char *action = actions[domain_types[type].allow];
	tags_of(gravity, database_text(row, 2), true, tags);
	if (!sqlite3_column_int(row, 3))
		fragment_note(&gravity->fragment, "the %s domain \"%s\": it is switched off", action,
		              domain);
	else if (!*tags)
		fragment_note(&gravity->fragment,
		              "the %s domain \"%s\": it is in no group that is switched on", action,
		              domain);
	else if (type == REGEX_ALLOW || type == REGEX_DENY)
		take_regex(gravity, gathered, (enum domain_type)type, tags, domain);
	else if (!fragment_domain(domain))
		fragment_note(&gravity->fragment, "the %s domain \"%s\": it is no domain name", action,
		              domain);
	else
		gather(gravity, gathered, (enum domain_type)type, tags, "", domain);
}

static int take_domains(struct gravity *gravity)
{
	struct gathered gathered = {0};
	sqlite3_stmt *row = NULL;
	buffer_init(&gathered.values, FRAGMENT_BYTES_MAX);
	int result = database_prepare(
		gravity->db, gravity->path,
		"SELECT d.type, d.domain, (SELECT group_concat(group_id) FROM"
		" (SELECT group_id FROM domainlist_by_group WHERE domainlist_id = d.id ORDER BY group_id)) AS ids, d.enabled"
		" FROM domainlist d ORDER BY d.type, ids, d.id",
		&row, gravity->error);
	while (result == PF_OK && (result = database_step(row, gravity->path, gravity->error)) == PF_OK)
		take_domain(gravity, &gathered, row);
	flush(gravity, &gathered);
	sqlite3_finalize(row);
	if (gathered.values.failed && result == PF_ENOENT)
		result = PF_ENOMEM;
	buffer_deinit(&gathered.values);
	return result == PF_ENOENT ? PF_OK : result;
}

/* ---- the whole --------------------------------------------------------------------------- */

static int take_all(struct gravity *gravity)
{
	bool has_types = database_has(gravity->db, "adlist", "type");
	int result = read_network(gravity);
	if (result == PF_OK)
		result = each(gravity, "SELECT count(*) FROM client", count_client);
	if (result == PF_OK)
		result = each(gravity, "SELECT id, enabled, name FROM \"group\" ORDER BY id", take_group);
	if (result == PF_OK)
		result =
			each(gravity,
		         "SELECT c.ip, c.comment, (SELECT group_concat(group_id) FROM"
		         " (SELECT group_id FROM client_by_group WHERE client_id = c.id ORDER BY group_id))"
		         " FROM client c ORDER BY c.id",
		         take_client);
	if (result == PF_OK)
		put_clients(gravity);
	if (result == PF_OK)
		result = take_domains(gravity);
	if (result == PF_OK)
		result = each(
			gravity,
			has_types
				? "SELECT a.address, a.comment, (SELECT group_concat(group_id) FROM"
				  " (SELECT group_id FROM adlist_by_group WHERE adlist_id = a.id ORDER BY group_id)),"
				  " a.enabled, a.type FROM adlist a ORDER BY a.id"
				: "SELECT a.address, a.comment, (SELECT group_concat(group_id) FROM"
				  " (SELECT group_id FROM adlist_by_group WHERE adlist_id = a.id ORDER BY group_id)),"
				  " a.enabled, 0 FROM adlist a ORDER BY a.id",
			take_list);
	return result;
}

int import_gravity(const char *path, struct import *import, char error[IMPORT_ERROR_MAX])
{
	struct gravity *gravity = calloc(1, sizeof *gravity);
	struct group *groups = calloc(GROUPS_MAX, sizeof *groups);
	struct client *clients = calloc(CLIENTS_MAX, sizeof *clients);
	int result = PF_ENOMEM;
	snprintf(error, IMPORT_ERROR_MAX, "out of memory.");
	if (gravity && groups && clients && fragment_init(&gravity->fragment, import) == PF_OK) {
		gravity->path = path;
		gravity->error = error;
		gravity->groups = groups;
		gravity->list = clients;
		result = database_open(path, &gravity->db, error);
		if (result == PF_OK)
			result = take_all(gravity);
		if (result == PF_OK)
			result = fragment_finish(&gravity->fragment, path, error);
		sqlite3_close(gravity->db);
	}
	for (size_t i = 0; gravity && clients && i < gravity->client_count; i++) {
		free(clients[i].id);
		free(clients[i].name);
		free(clients[i].tags);
	}
	if (gravity) {
		network_free(&gravity->network);
		fragment_deinit(&gravity->fragment);
	}
	free(clients);
	free(groups);
	free(gravity);
	return result;
}
