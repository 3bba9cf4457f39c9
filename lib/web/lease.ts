export type { Lease } from "@/lib/store/leases.ts";
