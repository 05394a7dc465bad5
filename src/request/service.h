/* SPDX-License-Identifier: MIT */
#ifndef SRC_REQUEST_SERVICE_H
#define SRC_REQUEST_SERVICE_H

/*
 * What all requests share for the life of the daemon, in parts by purpose. A function takes the
 * part that it uses. Each part has its own lock.
 */

#include "src/admission/queue.h"
#include "src/convert/starter.h"
#include "src/observe/observer.h"
#include "src/share/share.h"

struct memo;
struct storage;

struct service {
	struct starter starter;
	struct admission *admission;
	struct observer observer;
	struct sharing sharing;	 /* borrows the three parts above */
	struct memo *memo;	 /* NULL: no request is remembered (render) */
	struct storage *storage; /* NULL: look-ups are not watched (render) */
};

/* Opens everything but the store, the memo and the storage, which others add. The service must
 * not move in memory afterwards. Main thread, before there are others. Returns 0 or -errno. */
int service_open(struct service *service, const char *temp_path);
/* No request may be running any more. */
void service_close(struct service *service);

#endif
