/** @file Starts the window: connects to the backend, shows the app, and gives scripts their two handles. */
import { mount } from 'svelte'
import App from './App.svelte'
import './app.css'
import { connect } from './backend'
import { followAddress } from './state/address.svelte'
import { Session } from './state/session.svelte'

const backend = connect(window)
const session = new Session(backend)
if (backend.host === 'browser') followAddress(session, window)

/** For scripts (end-to-end tests, macros): where a mask pixel is on screen, and when every edit is stored. */
const facet = {
  toClient: (pixel: { x: number; y: number }) => session.editor.toClient(pixel),
  idle: () => session.editor.idle(),
}
Object.assign(window, { facet })
window.addEventListener('unhandledrejection', (event) => session.toasts.fail(event.reason))

mount(App, { target: document.getElementById('app') ?? document.body, props: { session } })
session.start(navigator.languages)
