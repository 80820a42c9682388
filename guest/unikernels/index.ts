import type { Unikernel } from "../unikernel.ts";
import { cat } from "./cat.ts";
import { ls } from "./ls.ts";
import { serve } from "./serve.ts";
import { stat } from "./stat.ts";

/** The programs that ship with docteur, by name. */
export const unikernels: Readonly<Record<string, Unikernel>> = { cat, ls, serve, stat };
