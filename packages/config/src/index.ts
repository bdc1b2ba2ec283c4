// The public names of @tollbooth-stores/config.
export type { ShownSetting } from "./block-reader.ts";
export { expandDocument, type ExpandOptions } from "./expand-document.ts";
export { type Environment, type Expanded, expandVariables } from "./expand-variables.ts";
export type { Dialect } from "./gateway-dialect.ts";
export type { LoadOptions } from "./load-options.ts";
export { type LoadedStores, loadStores, type StoresDescription } from "./load-stores.ts";
export { memoryProvider } from "./memory-provider.ts";
export type { StoreDescription } from "./plan-stores.ts";
export { readSource, type SourceDocument } from "./read-source.ts";
export type {
  BlockReader,
  ExaminationOptions,
  Examined,
  OpenedStores,
  PerStore,
  ReadStores,
  StoreBlock,
  StoreName,
  StoreProvider,
} from "./store-provider.ts";
