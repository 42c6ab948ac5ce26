/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CAPMSG_LOW_H
#define CAPMSG_LOW_H

/**
 * DOC: Low
 *
 * The ground floor.
 */

int capmsg_low_double(int number);

#endif /* CAPMSG_LOW_H */
