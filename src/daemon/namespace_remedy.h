/* SPDX-License-Identifier: MIT */
#ifndef SRC_DAEMON_NAMESPACE_REMEDY_H
#define SRC_DAEMON_NAMESPACE_REMEDY_H

/* Where jobs get no pid namespace: what refuses it, as far as that can be told, and what an
 * administrator can do. Words that continue "because …". Any thread. */
const char *namespace_remedy(void);

#endif
