/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Exports: capabilities that travel as files.
 */
#ifndef CAPMSG_EXPORT_H
#define CAPMSG_EXPORT_H

#include "capability.h"

struct file;

struct file *capmsg_export(struct capmsg_account *account,
			   struct capmsg_cap *cap);
int capmsg_import(struct file *file, const struct capmsg_until *until,
		  struct capmsg_cap *cap);
unsigned long capmsg_exports(void);
void capmsg_exports_sweep(void);

#endif /* CAPMSG_EXPORT_H */
