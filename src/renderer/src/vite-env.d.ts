/** @file Tells TypeScript what Vite and Svelte add: `.svelte` modules and imported style sheets. */
/// <reference types="svelte" />
/// <reference types="vite/client" />
