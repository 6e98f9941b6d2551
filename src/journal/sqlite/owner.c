/* The function that fills the column of owner.h. */
#include "journal/sqlite/owner.h"

#include "base/error.h"
#include "dns/registered.h"

/* registered_domain("a.vendor.com"): "vendor.com"; "" when there is none. */
static void registered_domain(sqlite3_context *context, int count, sqlite3_value **values)
{
	(void)count;
	const char *text = (const char *)sqlite3_value_text(values[0]);
	struct dns_name name, domain;
	char found[NAME_TEXT_MAX] = "";
	if (text && dns_name_from_text(text, &name) == PF_OK &&
	    dns_registered_domain(&name, &domain) == PF_OK)
		dns_name_to_text(&domain, found);
	sqlite3_result_text(context, found, -1, SQLITE_TRANSIENT);
}

int owner_open(sqlite3 *db)
{
	return sqlite3_create_function_v2(db, "registered_domain", 1,
	                                  SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY, NULL,
	                                  registered_domain, NULL, NULL, NULL);
}
